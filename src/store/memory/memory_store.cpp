#include "store/memory/memory_store.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "store/records/engine.h"
#include "store/records/record_store.h"

namespace peregrine::store {

namespace {

class MemoryEngine final : public Engine, public MemoryHooks {
 public:
  MemoryEngine() : notifier_([this](const std::stop_token& stop) { notify_loop(stop); }) {}

  std::expected<std::optional<Bytes>, StoreError> get(Table table, BytesView key) override {
    std::lock_guard lock(mutex_);
    const auto& rows = rows_of(table);
    auto it = rows.find(key);
    if (it == rows.end()) return std::nullopt;
    return it->second;
  }

  std::expected<void, StoreError> scan(
      Table table, BytesView first, BytesView end, Scan direction,
      const std::function<bool(BytesView key, BytesView value)>& visit) override {
    // Visited outside the lock, since `visit` may read from the store.
    std::vector<std::pair<Bytes, Bytes>> found;
    {
      std::lock_guard lock(mutex_);
      const auto& rows = rows_of(table);
      auto from = rows.lower_bound(first);
      auto to = end.empty() ? rows.end() : rows.lower_bound(end);
      if (end.empty() || first < end) found.assign(from, to);
    }
    if (direction == Scan::backward) std::ranges::reverse(found);
    for (const auto& [key, value] : found) {
      if (!visit(key, value)) break;
    }
    return {};
  }

  std::expected<Sequence, StoreError> apply(const std::vector<TableWrite>& writes,
                                            Reserve) override {
    std::lock_guard lock(mutex_);
    if (failed_) return std::unexpected(StoreError::io);
    if (next_error_) {
      StoreError error = *std::exchange(next_error_, std::nullopt);
      failed_ = error == StoreError::io;
      if (failed_) changed_.notify_all();
      return std::unexpected(error);
    }
    for (const TableWrite& write : writes) {
      auto& rows = rows_of(write.table);
      if (write.value) {
        rows.insert_or_assign(write.key, *write.value);
      } else {
        rows.erase(write.key);
      }
    }
    applied_ = applied_.next();
    if (!held_) make_durable();
    return applied_;
  }

  Sequence durable() const override {
    std::lock_guard lock(mutex_);
    return durable_;
  }

  void on_durable(std::function<void(std::expected<Sequence, StoreError>)> notify) override {
    std::lock_guard lock(mutex_);
    notify_ = std::move(notify);
  }

  std::uint64_t free_bytes() override { return std::uint64_t{1} << 40; }

  void hold_sync() override {
    std::lock_guard lock(mutex_);
    held_ = true;
  }

  void release_sync() override {
    std::lock_guard lock(mutex_);
    held_ = false;
    make_durable();
  }

  void fail_next_commit(StoreError error) override {
    std::lock_guard lock(mutex_);
    next_error_ = error;
  }

  bool flip_bit(PartitionId partition, BytesView key) override {
    return flip(Table::data, data_key(partition, key));
  }

  bool flip_blob_bit(const BlobId& blob) override { return flip(Table::blobs, blob.bytes()); }

 private:
  using Rows = std::map<Bytes, Bytes, std::less<>>;

  Rows& rows_of(Table table) { return tables_[static_cast<std::size_t>(table)]; }

  bool flip(Table table, BytesView key) {
    std::lock_guard lock(mutex_);
    auto& rows = rows_of(table);
    auto it = rows.find(key);
    if (it == rows.end()) return false;
    char& byte = it->second[it->second.size() / 2];
    byte = static_cast<char>(byte ^ 0x10);
    return true;
  }

  void make_durable() {
    if (durable_ == applied_ || failed_) return;
    durable_ = applied_;
    changed_.notify_all();
  }

  void notify_loop(const std::stop_token& stop) {
    Sequence told;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, stop, [&] { return durable_ != told || failed_; });
      if (stop.stop_requested()) return;
      std::expected<Sequence, StoreError> news = durable_;
      if (durable_ == told) news = std::unexpected(StoreError::io);
      told = durable_;
      auto notify = notify_;
      lock.unlock();
      if (notify) notify(news);
      if (!news) return;
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::array<Rows, k_table_count> tables_;
  std::function<void(std::expected<Sequence, StoreError>)> notify_;
  std::optional<StoreError> next_error_;
  Sequence applied_;
  Sequence durable_;
  bool held_ = false;
  bool failed_ = false;
  std::jthread notifier_;
};

}  // namespace

MemoryStore open_memory_with_hooks(std::uint32_t blob_grace_seconds) {
  auto engine = std::make_unique<MemoryEngine>();
  MemoryHooks* hooks = engine.get();
  return {std::make_unique<RecordStore>(std::move(engine), blob_grace_seconds), hooks};
}

std::unique_ptr<Store> open_memory() {
  return open_memory_with_hooks().store;
}

}  // namespace peregrine::store
