#pragma once
// Store: partitions of ordered keys and blobs, the only thing in the program that touches mail at
// rest. An account is one partition; everything that concerns the whole server is partition 0.
//
// A commit is atomic, also over several partitions. It is applied and visible to later reads when
// commit() returns, and durable once durable() has reached its sequence: group commit lets many
// commits share one sync. Nothing that depends on a commit may leave the process before that.
//
// commit() is called from one thread (core's loop); get(), scan() and read_blob() from any.
// Engines: rocksdb/ for disk, memory/ for tests.

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"

namespace peregrine::store {

using PartitionId = StrongId<struct PartitionTag>;
inline constexpr PartitionId k_system_partition{0};

/// Counts the commits of this run; durable() >= a commit's sequence means that it is on disk.
using Sequence = StrongId<struct SequenceTag>;
/// Rises by one with every commit that touches the partition; 0 before the first.
using Version = StrongId<struct VersionTag>;

/// SHA-256 of the blob's content before compression.
struct BlobId {
  std::array<std::uint8_t, 32> digest{};
  auto operator<=>(const BlobId&) const = default;
  [[nodiscard]] BytesView bytes() const {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
  }
};

struct Write {
  Bytes key;
  std::optional<Bytes> value;  ///< nullopt deletes the key
};

struct PartitionWrites {
  PartitionId partition;
  /// When set, the commit answers StoreError::conflict unless the partition is at this version.
  std::optional<Version> expected_version;
  std::vector<Write> writes;
};

/// Names the holder of a blob: a message of an account.
struct BlobLink {
  BlobId blob;
  PartitionId partition;
  std::uint64_t holder = 0;
};

struct Commit {
  std::vector<PartitionWrites> partitions;
  /// Contents to store, each named by its own digest; one that is there already is not written.
  std::vector<std::pair<BlobId, BytesView>> new_blobs;
  std::vector<BlobLink> links;
  /// Links that go. A blob whose last link goes is collected after a grace time.
  std::vector<BlobLink> unlinks;
};

enum class StoreError : std::uint8_t {
  conflict,
  no_space,      ///< below the low-water mark, or the file system is full: nothing was written
  io,            ///< the disk failed; the store refuses further commits
  corrupt,       ///< a checksum or a record did not hold; the log names the key
  newer_format,  ///< written by a later version
  in_use,        ///< another process has it open
  not_found,
};

/// Whether a store may be made. Never where one is expected: it would hide that it is gone.
enum class Create : bool { no, yes };

struct OpenOptions {
  std::string directory;
  Create create = Create::no;
  std::size_t cache_bytes = mib(64);
  std::uint64_t low_water_bytes = mib(64);  ///< free space below which commits are refused
  std::uint32_t blob_grace_seconds = 3600;
  std::uint64_t inline_blob_bytes = kib(4);  ///< smaller blobs, compressed, stand in the tables
};

struct OpenError {
  StoreError error;
  std::string detail;  ///< one line for the operator: what, where and what to do
};

/// One broken invariant or record that verify() met.
struct Finding {
  std::string where;  ///< partition and key, printable
  std::string what;
};

enum class Scan : std::uint8_t { forward, backward };

class Store {
 public:
  virtual ~Store() = default;

  [[nodiscard]] virtual std::expected<std::optional<Bytes>, StoreError> get(PartitionId partition,
                                                                            BytesView key) = 0;
  /// Visits the keys of [first, end) in order, or backward; `visit` answers false to stop. An empty
  /// `end` means the partition's end.
  [[nodiscard]] virtual std::expected<void, StoreError> scan(
      PartitionId partition, BytesView first, BytesView end, Scan direction,
      const std::function<bool(BytesView key, BytesView value)>& visit) = 0;

  [[nodiscard]] virtual std::expected<Sequence, StoreError> commit(const Commit& commit) = 0;
  [[nodiscard]] virtual Version version(PartitionId partition) = 0;

  [[nodiscard]] virtual Sequence durable() const = 0;
  /// `notify` is called from a thread of the store each time durable() has advanced, or, with
  /// StoreError::io, once when it never will again.
  virtual void on_durable(std::function<void(std::expected<Sequence, StoreError>)> notify) = 0;

  /// The blob's content; `corrupt` when it does not have the digest that names it.
  [[nodiscard]] virtual std::expected<Bytes, StoreError> read_blob(const BlobId& blob) = 0;
  /// `length` bytes of it from `offset`, fewer at its end. Costs about what it answers, not what
  /// the blob holds. What is read is held against its checksums; only the whole has a digest.
  [[nodiscard]] virtual std::expected<Bytes, StoreError> read_blob_range(const BlobId& blob,
                                                                         std::uint64_t offset,
                                                                         std::uint64_t length) = 0;
  [[nodiscard]] virtual bool has_blob(const BlobId& blob) = 0;

  /// Removes blobs without a link whose grace is over; answers how many. Called from core's loop.
  [[nodiscard]] virtual std::expected<std::size_t, StoreError> collect(
      std::int64_t now_seconds) = 0;

  /// Every partition that holds a key.
  [[nodiscard]] virtual std::expected<std::vector<PartitionId>, StoreError> partitions() = 0;
  /// Checks what the store itself promises: checksums, each link has its blob, each blob a link or
  /// its grace. The model's invariants are checked by mail::verify.
  [[nodiscard]] virtual std::expected<void, StoreError> verify(
      const std::function<void(const Finding&)>& report) = 0;
  /// Every link, for verify of the layer above.
  [[nodiscard]] virtual std::expected<void, StoreError> scan_links(
      const std::function<bool(const BlobLink&)>& visit) = 0;
  /// Free bytes above the low-water mark; 0 when commits are being refused.
  [[nodiscard]] virtual std::uint64_t free_bytes() = 0;
};

/// The engine on disk. One process at a time.
std::expected<std::unique_ptr<Store>, OpenError> open_rocksdb(const OpenOptions& options);
/// The engine for tests. `hold_sync`: commits become durable only when release_sync() is called.
std::unique_ptr<Store> open_memory();

}  // namespace peregrine::store
