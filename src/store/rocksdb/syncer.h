#pragma once
// Syncer: group commit. A thread makes durable whatever has been applied, as one sync, and tells
// so; what is applied while a sync runs shares the next one. Under load it gathers for a moment
// before a sync: for as many commits as the last syncs' rate lets expect in that moment. Commits
// that come one at a time, each after the sync of the one before, never wait.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <thread>

#include "base/time.h"
#include "store/store.h"

namespace peregrine::store {

struct GatherPolicy {
  /// The longest wait for more commits before a sync, in microseconds; 0 never waits.
  std::uint32_t max_wait_us = 1000;
};

class Syncer {
 public:
  using Notify = std::function<void(std::expected<Sequence, StoreError>)>;

  /// `sync` makes everything applied before its call durable, or answers false; it is called from
  /// this object's thread alone and must live until the destructor has returned.
  Syncer(std::function<bool()> sync, GatherPolicy policy);
  /// Syncs what is pending, then ends the thread. No notification comes after it.
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  /// Counts a commit that has just been applied. One thread at a time.
  Sequence applied();
  [[nodiscard]] Sequence durable() const { return Sequence(durable_.load()); }
  void on_durable(Notify notify);

  /// Nothing becomes durable any more; told to `notify` once, by this object's thread.
  /// From any thread.
  void fail();
  [[nodiscard]] bool has_failed() const { return failed_.load(); }
  [[nodiscard]] std::uint64_t sync_count() const { return syncs_.load(); }

 private:
  void run();
  void gather(std::unique_lock<std::mutex>& lock, std::uint64_t expected);
  void tell(std::expected<Sequence, StoreError> news);

  std::function<bool()> sync_;
  GatherPolicy policy_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t applied_ = 0;  // guarded by mutex_, as the next two
  std::uint64_t wake_at_ = 1;  // the thread sleeps until applied_ reaches it
  bool stopping_ = false;
  std::mutex notify_mutex_;
  Notify notify_;  // guarded by notify_mutex_
  std::atomic<std::uint64_t> durable_ = 0;
  std::atomic<std::uint64_t> syncs_ = 0;
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

}  // namespace peregrine::store
