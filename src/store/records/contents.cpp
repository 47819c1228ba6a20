// The contents of blobs: a small one in one record, a large one in pieces behind a mark, so that a
// part of it costs what the part costs.

#include <algorithm>

#include "base/result.h"
#include "crypto/hash.h"
#include "store/records/frame.h"
#include "store/records/record_store.h"

namespace peregrine::store {

/// What stands under a blob's digest: all of it, or the mark of one in pieces.
struct RecordStore::Content {
  std::optional<std::uint64_t> pieced_size;
  Bytes whole;  ///< unpacked, unless it is in pieces
};

void RecordStore::add_content(const BlobId& blob, BytesView content,
                              std::vector<TableWrite>& writes) {
  auto add = [&](Bytes key, Bytes record) {
    frame_in_place(key, record);
    writes.push_back({Table::blobs, std::move(key), std::move(record)});
  };
  std::uint32_t count = piece_count(content.size());
  add(Bytes(blob.bytes()), count == 0 ? packer_.pack(content) : pack_pieces_mark(content.size()));
  for (std::uint32_t i = 0; i < count; ++i) {
    BytesView piece = content.substr(0, k_piece_bytes);
    content.remove_prefix(piece.size());
    add(piece_key(blob, i), packer_.pack(piece));
  }
}

// A large blob that an earlier version wrote has no pieces; to remove what is not there is no
// error.
void RecordStore::remove_content(const BlobId& blob, std::uint64_t size,
                                 std::vector<TableWrite>& writes) {
  writes.push_back({Table::blobs, Bytes(blob.bytes()), std::nullopt});
  for (std::uint32_t i = 0; i < piece_count(std::min(size, k_max_blob_bytes)); ++i) {
    writes.push_back({Table::blobs, piece_key(blob, i), std::nullopt});
  }
}

std::expected<Bytes, StoreError> RecordStore::read_blob(const BlobId& blob) {
  TRY(Content content, open_content(blob));
  if (!content.pieced_size) return std::move(content.whole);
  TRY(Bytes all, read_pieces(blob, *content.pieced_size, 0, *content.pieced_size));
  if (crypto::sha256(all) != blob.digest) {
    return corrupt(Table::blobs, blob.bytes(), "content does not have the digest that names it");
  }
  return all;
}

std::expected<Bytes, StoreError> RecordStore::read_blob_range(const BlobId& blob,
                                                              std::uint64_t offset,
                                                              std::uint64_t length) {
  TRY(Content content, open_content(blob));
  std::uint64_t size = content.pieced_size.value_or(content.whole.size());
  offset = std::min(offset, size);
  length = std::min(length, size - offset);
  if (content.pieced_size) return read_pieces(blob, size, offset, length);
  content.whole.resize(offset + length);
  content.whole.erase(0, offset);
  return std::move(content.whole);
}

std::expected<RecordStore::Content, StoreError> RecordStore::open_content(const BlobId& blob) {
  Bytes key(blob.bytes());
  TRY(std::optional<Bytes> record, get_record(Table::blobs, key));
  if (!record) return std::unexpected(StoreError::not_found);
  if (auto size = unpack_pieces_mark(*record)) return Content{.pieced_size = size, .whole = {}};
  auto whole = unpack(*record);
  if (!whole) return corrupt(Table::blobs, key, "cannot be unpacked");
  if (crypto::sha256(*whole) != blob.digest) {
    return corrupt(Table::blobs, key, "content does not have the digest that names it");
  }
  return Content{.pieced_size = std::nullopt, .whole = *std::move(whole)};
}

std::expected<Bytes, StoreError> RecordStore::read_pieces(const BlobId& blob, std::uint64_t size,
                                                          std::uint64_t offset,
                                                          std::uint64_t length) {
  Bytes out;
  while (out.size() < length) {
    std::uint64_t at = offset + out.size();
    TRY(Bytes piece, read_piece(blob, static_cast<std::uint32_t>(at / k_piece_bytes), size));
    out.append(piece, at % k_piece_bytes, length - out.size());
  }
  return out;
}

std::expected<Bytes, StoreError> RecordStore::read_piece(const BlobId& blob, std::uint32_t index,
                                                         std::uint64_t size) {
  Bytes key = piece_key(blob, index);
  TRY(std::optional<Bytes> record, get_record(Table::blobs, key));
  if (!record) {
    // Collected since its mark was read, or lost.
    if (!has_blob(blob)) return std::unexpected(StoreError::not_found);
    return corrupt(Table::blobs, key, "a piece is missing");
  }
  auto piece = unpack(*record);
  std::uint64_t expected = std::min(k_piece_bytes, size - index * k_piece_bytes);
  if (!piece || piece->size() != expected) {
    return corrupt(Table::blobs, key, "a piece cannot be unpacked");
  }
  return *std::move(piece);
}

}  // namespace peregrine::store
