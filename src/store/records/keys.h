#pragma once
// The keys of the four tables (docs/format/store.md). All integers in keys are big-endian, so that
// keys sort by number; every field before the last has a fixed length, so that no key can be read
// in two ways.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "store/store.h"

namespace peregrine::store {

/// Never renumber: tables are named on disk by table_name.
enum class Table : std::uint8_t {
  meta = 0,   ///< format number, partition versions, blobs to collect
  data = 1,   ///< the partitions
  blobs = 2,  ///< packed contents by digest
  links = 3,  ///< blob heads, and the links that hold blobs
};
inline constexpr std::size_t k_table_count = 4;
const char* table_name(Table table);

/// The first byte of a key of Table::meta. Never renumber: on disk.
enum class MetaKind : std::uint8_t { format = 1, version = 2, collect = 3 };

/// The number of this layout of tables and keys. A store with a larger one is refused.
inline constexpr std::uint64_t k_format_number = 2;

Bytes format_key();
Bytes version_key(PartitionId partition);

/// A blob that had no link when it was written: collect it once `due_seconds` has passed.
Bytes collect_key(std::int64_t due_seconds, const BlobId& blob);
/// Every collect key whose time is before `due_seconds` sorts before this.
Bytes collect_bound(std::int64_t due_seconds);
struct CollectKey {
  std::int64_t due_seconds;
  BlobId blob;
};
std::optional<CollectKey> parse_collect_key(BytesView key);

Bytes partition_prefix(PartitionId partition);
Bytes data_key(PartitionId partition, BytesView key);
inline constexpr std::size_t k_partition_bytes = 8;
std::optional<PartitionId> partition_of(BytesView data_key);

/// A piece of a large blob, counted from 0.
Bytes piece_key(const BlobId& blob, std::uint32_t index);

/// The head of a blob: that it exists, its size, and when it may be collected.
Bytes head_key(const BlobId& blob);
Bytes link_key(const BlobLink& link);
inline constexpr std::size_t k_digest_bytes = 32;
std::optional<BlobId> parse_blob(BytesView digest);
std::optional<BlobLink> parse_link_key(BytesView key);

/// The smallest key above every key that starts with `prefix`; empty when there is none.
Bytes prefix_end(BytesView prefix);

/// A key for logs and findings: table, partition, and the key with unsafe bytes escaped.
std::string printable(Table table, BytesView key);

struct BlobHead {
  std::uint64_t size = 0;        ///< of the content before packing
  std::int64_t due_seconds = 0;  ///< of the collect key that is in force; 0 for none
};
Bytes encode_head(const BlobHead& head);
std::optional<BlobHead> decode_head(BytesView payload);

}  // namespace peregrine::store
