#include "store/rocksdb/syncer.h"

#include <gtest/gtest.h>
#include <semaphore>
#include <vector>

namespace peregrine::store {
namespace {

struct News {
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::uint64_t> durable;
  int failures = 0;

  Syncer::Notify listener() {
    return [this](std::expected<Sequence, StoreError> news) {
      std::lock_guard lock(mutex);
      if (news) durable.push_back(news->value);
      if (!news) ++failures;
      wake.notify_all();
    };
  }
  void wait_for(std::uint64_t sequence) {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return !durable.empty() && durable.back() >= sequence; });
  }
};

TEST(Syncer, commits_that_come_during_a_sync_share_the_next) {
  std::counting_semaphore<> started{0};
  std::counting_semaphore<> go{0};
  News news;
  Syncer syncer(
      [&] {
        started.release();
        go.acquire();
        return true;
      },
      {});
  syncer.on_durable(news.listener());
  syncer.applied();
  started.acquire();
  for (int i = 0; i < 9; ++i) syncer.applied();
  EXPECT_EQ(syncer.durable(), Sequence{0});
  go.release(2);
  news.wait_for(10);
  EXPECT_EQ(news.durable, (std::vector<std::uint64_t>{1, 10}));
  EXPECT_EQ(syncer.sync_count(), 2U);
}

TEST(Syncer, a_failed_sync_makes_nothing_durable_and_is_told_once) {
  News news;
  std::counting_semaphore<> go{0};
  {
    Syncer syncer(
        [&] {
          go.acquire();
          return false;
        },
        {});
    syncer.on_durable(news.listener());
    syncer.applied();
    syncer.applied();
    go.release(10);
    std::unique_lock lock(news.mutex);
    news.wake.wait(lock, [&] { return news.failures != 0; });
    lock.unlock();
    EXPECT_TRUE(syncer.has_failed());
    syncer.applied();
    syncer.fail();
    EXPECT_EQ(syncer.durable(), Sequence{0});
  }
  EXPECT_EQ(news.failures, 1);
  EXPECT_TRUE(news.durable.empty());
}

TEST(Syncer, what_is_pending_is_synced_at_the_end) {
  std::atomic<int> syncs = 0;
  {
    Syncer syncer(
        [&] {
          ++syncs;
          return true;
        },
        {});
    syncer.applied();
  }
  EXPECT_EQ(syncs, 1);
}

}  // namespace
}  // namespace peregrine::store
