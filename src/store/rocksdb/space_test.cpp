// Full disks and failing ones (V45).

#include <condition_variable>
#include <mutex>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "base/time.h"
#include "store/rocksdb/child.h"
#include "store/rocksdb/test_directory.h"

namespace peregrine::store {
namespace {

constexpr int k_skipped = 77;

int fill_a_small_disk(const std::string& directory) {
  if (unshare(CLONE_NEWNS) != 0) return k_skipped;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return k_skipped;
  if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=50m,mode=0700") != 0) return k_skipped;
  OpenOptions options = test_options(directory);
  options.low_water_bytes = mib(10);
  options.blob_grace_seconds = 0;
  std::uint64_t accepted = 0;
  {
    auto store = open_rocksdb(options);
    if (!store) return 1;
    while (true) {
      auto done = deliver(**store, accepted);
      if (!done && done.error() == StoreError::no_space) break;
      if (!done || accepted > 100000) return 2;
      ++accepted;
    }
    if (accepted < 1000) return 3;
    // What stores no new mail still works: mail can be deleted, at the latest when the tables that
    // are being merged, which need room twice for so long, are done.
    Commit small;
    small.partitions.push_back({PartitionId{1}, std::nullopt, {{"flag", "x"}}});
    auto give_up = Monotonic::now() + std::chrono::seconds(30);
    auto done = (*store)->commit(small);
    while (!done && done.error() == StoreError::no_space && Monotonic::now() < give_up) {
      std::this_thread::yield();
      done = (*store)->commit(small);
    }
    if (!done) return 4;
    if (delivered(**store) != accepted) return 5;
  }
  auto store = open_rocksdb(options);
  if (!store) return 6;
  if (delivered(**store) != accepted) return 7;
  bool clean = true;
  if (!(*store)->verify([&](const Finding&) { clean = false; }) || !clean) return 8;
  return 0;
}

const ChildTaskEntry k_fill("fill a small disk", fill_a_small_disk);

TEST(Space, a_full_disk_refuses_and_loses_nothing) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  TestDirectory directory;
  int code = wait_for_child(start_child("fill a small disk", directory.path()));
  if (code == k_skipped) GTEST_SKIP() << "may not mount";
  EXPECT_EQ(code, 0);
}

TEST(Space, below_the_low_water_mark_nothing_is_written) {
  TestDirectory directory;
  OpenOptions options = test_options(directory.path());
  auto usable = open_rocksdb(options);
  ASSERT_TRUE(usable);
  EXPECT_GT((*usable)->free_bytes(), 0U);
  usable->reset();
  options.low_water_bytes = std::uint64_t{1} << 62;
  auto store = open_rocksdb(options);
  ASSERT_TRUE(store) << store.error().detail;
  EXPECT_EQ(deliver(**store, 0).error(), StoreError::no_space);
  EXPECT_EQ((*store)->free_bytes(), 0U);
  EXPECT_EQ((*store)->version(k_system_partition), Version{0});
  EXPECT_FALSE((*store)->has_blob(id_of(numbered_body(0))));
}

/// The log cannot grow beyond a limit of this process: a write error from the kernel.
int hit_a_write_error(const std::string& directory) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit{mib(1), RLIM_INFINITY};
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return k_skipped;
  auto store = open_rocksdb(test_options(directory));
  if (!store) return 1;
  std::mutex mutex;
  std::condition_variable wake;
  std::uint64_t durable = 0;
  int failures = 0;
  (*store)->on_durable([&](std::expected<Sequence, StoreError> news) {
    std::lock_guard lock(mutex);
    if (news) durable = news->value;
    if (!news) ++failures;
    wake.notify_one();
  });
  std::uint64_t number = 0;
  std::expected<Sequence, StoreError> done = Sequence{};
  while (number < 10000 && done) done = deliver(**store, number++);
  if (done || done.error() != StoreError::io) return 2;
  std::unique_lock lock(mutex);
  if (!wake.wait_for(lock, std::chrono::seconds(10), [&] { return failures != 0; })) return 3;
  if (failures != 1 || durable > number) return 4;
  lock.unlock();
  if (deliver(**store, number).error() != StoreError::io) return 5;
  if ((*store)->durable().value != durable) return 6;
  // The format number took the first sequence.
  std::uint64_t promised = durable - 1;
  store->reset();
  limit.rlim_cur = RLIM_INFINITY;
  setrlimit(RLIMIT_FSIZE, &limit);
  auto again = open_rocksdb(test_options(directory));
  if (!again) return 7;
  return delivered(**again) >= promised ? 0 : 8;
}

const ChildTaskEntry k_error("hit a write error", hit_a_write_error);

TEST(Space, a_write_error_is_told_once_and_for_good) {
  TestDirectory directory;
  int code = wait_for_child(start_child("hit a write error", directory.path()));
  if (code == k_skipped) GTEST_SKIP();
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace peregrine::store
