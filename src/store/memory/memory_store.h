#pragma once
// The engine for tests, with hooks to hold back durability, to fail a commit and to damage a
// record. Everything else behaves as on disk, frames and packing included; it is gone with the
// object.

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "store/store.h"

namespace peregrine::store {

/// Borrowed from the store that it came with; must not outlive it.
class MemoryHooks {
 public:
  virtual ~MemoryHooks() = default;
  /// Commits are applied and visible, and not durable, until release_sync().
  virtual void hold_sync() = 0;
  virtual void release_sync() = 0;
  /// The next commit (or collection that has work) answers `error` and writes nothing. After `io`
  /// the store refuses every further one and tells on_durable, as the engine on disk does.
  virtual void fail_next_commit(StoreError error) = 0;
  /// Flips a bit of the record as stored; false when there is none.
  virtual bool flip_bit(PartitionId partition, BytesView key) = 0;
  virtual bool flip_blob_bit(const BlobId& blob) = 0;
};

struct MemoryStore {
  std::unique_ptr<Store> store;
  MemoryHooks* hooks;
};

MemoryStore open_memory_with_hooks(std::uint32_t blob_grace_seconds = 3600);

}  // namespace peregrine::store
