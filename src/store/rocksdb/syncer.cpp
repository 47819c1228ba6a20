#include "store/rocksdb/syncer.h"

#include <algorithm>

namespace peregrine::store {

namespace {

/// For fewer commits than this a wait costs two or three clients more than the syncs it saves.
constexpr std::uint64_t k_worth_waiting = 3;

}  // namespace

Syncer::Syncer(std::function<bool()> sync, GatherPolicy policy)
    : sync_(std::move(sync)), policy_(policy), thread_([this] { run(); }) {}

Syncer::~Syncer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  on_durable({});
  wake_.notify_one();
  thread_.join();
}

Sequence Syncer::applied() {
  bool wake = false;
  std::uint64_t sequence = 0;
  {
    std::lock_guard lock(mutex_);
    sequence = ++applied_;
    wake = sequence == wake_at_;
  }
  if (wake) wake_.notify_one();
  return Sequence(sequence);
}

void Syncer::on_durable(Notify notify) {
  std::lock_guard lock(notify_mutex_);
  notify_ = std::move(notify);
}

void Syncer::fail() {
  {
    std::lock_guard lock(mutex_);
    failed_ = true;
  }
  wake_.notify_one();
}

void Syncer::tell(std::expected<Sequence, StoreError> news) {
  std::lock_guard lock(notify_mutex_);
  if (notify_) notify_(news);
}

void Syncer::gather(std::unique_lock<std::mutex>& lock, std::uint64_t expected) {
  std::uint64_t goal = durable_ + expected;
  if (expected < k_worth_waiting || applied_ >= goal) return;
  wake_at_ = goal;
  wake_.wait_for(lock, std::chrono::microseconds(policy_.max_wait_us),
                 [&] { return applied_ >= goal || stopping_ || failed_; });
}

void Syncer::run() {
  Monotonic::time_point last_end = Monotonic::now();
  double rate = 0;  // commits a microsecond, over the last few syncs
  std::unique_lock lock(mutex_);
  while (true) {
    wake_at_ = durable_ + 1;
    wake_.wait(lock, [&] { return applied_ >= wake_at_ || stopping_ || failed_; });
    if (failed_) break;
    if (applied_ == durable_) return;
    gather(lock, static_cast<std::uint64_t>(rate * policy_.max_wait_us));
    std::uint64_t covered = applied_;
    wake_at_ = 0;
    lock.unlock();
    bool ok = sync_();
    Monotonic::time_point end = Monotonic::now();
    std::chrono::duration<double, std::micro> cycle = end - last_end;
    rate = (rate + static_cast<double>(covered - durable_) / std::max(cycle.count(), 1.0)) / 2;
    last_end = end;
    if (ok) {
      ++syncs_;
      durable_ = covered;
      tell(Sequence(covered));
    }
    lock.lock();
    if (!ok) failed_ = true;
  }
  lock.unlock();
  tell(std::unexpected(StoreError::io));
}

}  // namespace peregrine::store
