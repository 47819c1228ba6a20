#include "store/rocksdb/syncer.h"

namespace peregrine::store {

namespace {

/// After a pause of this length the last sync says nothing about who is about to come.
constexpr std::chrono::milliseconds k_memory{2};

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

void Syncer::gather(std::unique_lock<std::mutex>& lock, Monotonic::time_point last_end,
                    std::uint64_t last_covered) {
  std::uint64_t goal = durable_ + last_covered;
  Monotonic::time_point now = Monotonic::now();
  if (last_covered < 2 || applied_ >= goal || now - last_end > k_memory) return;
  wake_at_ = goal;
  wake_.wait_until(lock, now + std::chrono::microseconds(policy_.max_wait_us),
                   [&] { return applied_ >= goal || stopping_ || failed_; });
}

void Syncer::run() {
  Monotonic::time_point last_end{};
  std::uint64_t last_covered = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_at_ = durable_ + 1;
    wake_.wait(lock, [&] { return applied_ >= wake_at_ || stopping_ || failed_; });
    if (failed_) break;
    if (applied_ == durable_) return;
    gather(lock, last_end, last_covered);
    std::uint64_t covered = applied_;
    wake_at_ = 0;
    lock.unlock();
    bool ok = sync_();
    last_covered = covered - durable_;
    last_end = Monotonic::now();
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
