#include "store/records/keys.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/codec.h"
#include "base/log.h"

namespace peregrine::store {

namespace {

Encoder meta_key(MetaKind kind) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(kind));
  return out;
}

std::uint64_t seconds_bits(std::int64_t seconds) {
  return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

}  // namespace

const char* table_name(Table table) {
  switch (table) {
    case Table::meta:
      return "default";
    case Table::data:
      return "data";
    case Table::blobs:
      return "blobs";
    case Table::links:
      return "links";
  }
  return "?";
}

Bytes format_key() {
  return meta_key(MetaKind::format).take();
}

Bytes version_key(PartitionId partition) {
  return meta_key(MetaKind::version).fixed64(partition.value).take();
}

Bytes collect_key(std::int64_t due_seconds, const BlobId& blob) {
  return meta_key(MetaKind::collect).fixed64(seconds_bits(due_seconds)).raw(blob.bytes()).take();
}

Bytes collect_bound(std::int64_t due_seconds) {
  return meta_key(MetaKind::collect).fixed64(seconds_bits(due_seconds)).take();
}

std::optional<CollectKey> parse_collect_key(BytesView key) {
  Decoder in(key);
  std::uint8_t kind = in.u8();
  std::uint64_t due = in.fixed64();
  std::optional<BlobId> blob = parse_blob(in.rest());
  bool sound = in.ok() && kind == static_cast<std::uint8_t>(MetaKind::collect) &&
               due <= INT64_MAX && blob.has_value();
  if (!sound) return std::nullopt;
  return CollectKey{static_cast<std::int64_t>(due), *blob};
}

Bytes partition_prefix(PartitionId partition) {
  return Encoder{}.fixed64(partition.value).take();
}

Bytes data_key(PartitionId partition, BytesView key) {
  return Encoder{}.fixed64(partition.value).raw(key).take();
}

std::optional<PartitionId> partition_of(BytesView data_key) {
  Decoder in(data_key);
  PartitionId partition{in.fixed64()};
  if (!in.ok()) return std::nullopt;
  return partition;
}

Bytes piece_key(const BlobId& blob, std::uint32_t index) {
  return Encoder{}.raw(blob.bytes()).fixed32(index).take();
}

Bytes head_key(const BlobId& blob) {
  return Bytes(blob.bytes());
}

Bytes link_key(const BlobLink& link) {
  return Encoder{}.raw(link.blob.bytes()).fixed64(link.partition.value).fixed64(link.holder).take();
}

std::optional<BlobId> parse_blob(BytesView digest) {
  if (digest.size() != k_digest_bytes) return std::nullopt;
  BlobId blob;
  std::ranges::transform(digest, blob.digest.begin(),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  return blob;
}

std::optional<BlobLink> parse_link_key(BytesView key) {
  Decoder in(key);
  std::optional<BlobId> blob = parse_blob(in.raw(k_digest_bytes));
  PartitionId partition{in.fixed64()};
  std::uint64_t holder = in.fixed64();
  if (!in.done() || !blob) return std::nullopt;
  return BlobLink{*blob, partition, holder};
}

Bytes prefix_end(BytesView prefix) {
  Bytes out(prefix);
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
  if (!out.empty()) out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

std::string printable(Table table, BytesView key) {
  if (table == Table::data) {
    if (auto partition = partition_of(key)) {
      return fmt::format("partition {} key '{}'", partition->value,
                         log_escape(key.substr(k_partition_bytes)));
    }
  }
  if (table == Table::blobs) return fmt::format("blob {}", to_hex(key));
  if (table == Table::links) {
    if (auto link = parse_link_key(key)) {
      return fmt::format("link of blob {} by partition {} holder {}", to_hex(link->blob.bytes()),
                         link->partition.value, link->holder);
    }
    return fmt::format("blob head {}", to_hex(key));
  }
  return fmt::format("{} key {}", table == Table::meta ? "meta" : table_name(table), to_hex(key));
}

Bytes encode_head(const BlobHead& head) {
  return Encoder{}.varint(head.size).varint(seconds_bits(head.due_seconds)).take();
}

std::optional<BlobHead> decode_head(BytesView payload) {
  Decoder in(payload);
  BlobHead head;
  head.size = in.varint();
  head.due_seconds = static_cast<std::int64_t>(in.varint(INT64_MAX));
  if (!in.done()) return std::nullopt;
  return head;
}

}  // namespace peregrine::store
