#pragma once
// Packing of blobs: zstd at level 1, or stored as they are when that saves nothing. A large one is
// packed in pieces, each on its own, so that a part of it can be read alone. unpack() reads hostile
// bytes: it allocates by what it has decompressed, never by an announced size.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>

#include "base/bytes.h"

struct ZSTD_CCtx_s;

namespace peregrine::store {

/// Never renumber: on disk.
enum class Packing : std::uint8_t { raw = 0, zstd = 1, pieces = 2 };

/// Larger blobs are neither written nor read.
inline constexpr std::uint64_t k_max_blob_bytes = 1024ULL * mib(1);

/// A larger blob stands in pieces of this size, the last one being what is left. On disk: never
/// change it.
inline constexpr std::uint64_t k_piece_bytes = kib(256);
constexpr std::uint32_t piece_count(std::uint64_t size) {
  if (size <= k_piece_bytes) return 0;
  return static_cast<std::uint32_t>((size + k_piece_bytes - 1) / k_piece_bytes);
}

/// Keeps the compressor's tables between calls. One thread at a time.
class Packer {
 public:
  Packer();
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  /// The payload of the blob's record: packing, size, content.
  Bytes pack(BytesView content);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

enum class UnpackError : std::uint8_t { malformed };

std::expected<Bytes, UnpackError> unpack(BytesView payload);

/// What stands under the digest of a blob in pieces.
Bytes pack_pieces_mark(std::uint64_t size);
/// The size of the blob; nothing when the payload is not such a mark.
std::optional<std::uint64_t> unpack_pieces_mark(BytesView payload);

}  // namespace peregrine::store
