// What store.h promises, on every engine.

#include "store/store.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <mutex>

#include "base/time.h"
#include "crypto/hash.h"
#include "store/memory/memory_store.h"

using namespace std::chrono_literals;

namespace peregrine::store {
namespace {

constexpr PartitionId k_alice{7};
constexpr PartitionId k_bob{8};
constexpr std::uint32_t k_grace = 100;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "peregrine-store-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

BlobId id_of(BytesView content) {
  return BlobId{crypto::sha256(content)};
}

Commit writes(PartitionId partition, std::vector<Write> list) {
  Commit commit;
  commit.partitions.push_back({partition, std::nullopt, std::move(list)});
  return commit;
}

std::vector<Bytes> keys(Store& store, PartitionId partition, BytesView first = {},
                        BytesView end = {}, Scan direction = Scan::forward) {
  std::vector<Bytes> out;
  EXPECT_TRUE(store.scan(partition, first, end, direction, [&](BytesView key, BytesView) {
    out.emplace_back(key);
    return true;
  }));
  return out;
}

bool is_absent(Store& store, PartitionId partition, BytesView key) {
  auto value = store.get(partition, key);
  return value && !value->has_value();
}

std::vector<Finding> findings(Store& store) {
  std::vector<Finding> out;
  EXPECT_TRUE(store.verify([&](const Finding& finding) { out.push_back(finding); }));
  return out;
}

class StoreTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      store_ = open_memory_with_hooks(k_grace).store;
      return;
    }
    auto opened = open_rocksdb({.directory = directory_.path(),
                                .create = Create::yes,
                                .cache_bytes = mib(8),
                                .low_water_bytes = 0,
                                .blob_grace_seconds = k_grace});
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
  }

  Sequence put(PartitionId partition, Bytes key, Bytes value) {
    auto done = store_->commit(writes(partition, {{std::move(key), std::move(value)}}));
    EXPECT_TRUE(done);
    return done.value_or(Sequence{});
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, testing::Values("memory", "rocksdb"),
                         [](const auto& info) { return info.param; });

TEST_P(StoreTest, a_value_comes_back_and_goes_when_deleted) {
  put(k_alice, "k", "v");
  EXPECT_EQ(store_->get(k_alice, "k"), "v");
  EXPECT_TRUE(is_absent(*store_, k_bob, "k"));
  ASSERT_TRUE(store_->commit(writes(k_alice, {{"k", std::nullopt}})));
  EXPECT_TRUE(is_absent(*store_, k_alice, "k"));
}

// V08: no byte of a key or value has a meaning.
TEST_P(StoreTest, any_bytes_round_trip_as_key_and_value) {
  Bytes all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  std::vector<Bytes> odd = {"",
                            Bytes(1, '\0'),
                            Bytes("a\0b", 3),
                            "o'\"\\;--\r\n@example.org",
                            "../../etc/passwd",
                            "%s%n$(id)`id`",
                            Bytes(300, '\xff'),
                            all};
  for (const Bytes& key : odd) put(k_alice, key, key + "=");
  for (const Bytes& key : odd) EXPECT_EQ(store_->get(k_alice, key), key + "=");
  EXPECT_EQ(keys(*store_, k_alice).size(), odd.size());
  EXPECT_TRUE(findings(*store_).empty());
}

TEST_P(StoreTest, scans_go_in_byte_order_within_bounds_and_both_ways) {
  for (PartitionId partition : {PartitionId{6}, k_alice, k_bob, PartitionId{UINT64_MAX}}) {
    for (const char* key : {"b", "a", "\xff", "c", "ab"}) put(partition, key, "v");
  }
  using List = std::vector<Bytes>;
  for (PartitionId partition : {k_alice, PartitionId{UINT64_MAX}}) {
    EXPECT_EQ(keys(*store_, partition), (List{"a", "ab", "b", "c", "\xff"}));
    EXPECT_EQ(keys(*store_, partition, {}, {}, Scan::backward),
              (List{"\xff", "c", "b", "ab", "a"}));
    EXPECT_EQ(keys(*store_, partition, "ab", "c"), (List{"ab", "b"}));
    EXPECT_EQ(keys(*store_, partition, "ab", "c", Scan::backward), (List{"b", "ab"}));
    EXPECT_EQ(keys(*store_, partition, "c", "ab"), List{});
    EXPECT_EQ(keys(*store_, partition, "b"), (List{"b", "c", "\xff"}));
  }
}

TEST_P(StoreTest, a_scan_ends_when_asked_to_and_may_read_meanwhile) {
  for (const char* key : {"a", "b", "c"}) put(k_alice, key, "v");
  int seen = 0;
  ASSERT_TRUE(store_->scan(k_alice, {}, {}, Scan::forward, [&](BytesView key, BytesView value) {
    EXPECT_EQ(store_->get(k_alice, key), Bytes(value));
    return ++seen < 2;
  }));
  EXPECT_EQ(seen, 2);
}

TEST_P(StoreTest, versions_rise_by_one_and_guard_a_commit) {
  EXPECT_EQ(store_->version(k_alice), Version{0});
  put(k_alice, "a", "1");
  put(k_alice, "a", "2");
  EXPECT_EQ(store_->version(k_alice), Version{2});
  EXPECT_EQ(store_->version(k_bob), Version{0});

  Commit guarded = writes(k_alice, {{"a", "3"}});
  guarded.partitions[0].expected_version = Version{1};
  guarded.partitions.push_back({k_bob, std::nullopt, {{"b", "1"}}});
  EXPECT_EQ(store_->commit(guarded).error(), StoreError::conflict);
  EXPECT_EQ(store_->get(k_alice, "a"), "2");
  EXPECT_TRUE(is_absent(*store_, k_bob, "b"));
  EXPECT_EQ(store_->version(k_bob), Version{0});

  guarded.partitions[0].expected_version = Version{2};
  EXPECT_TRUE(store_->commit(guarded));
  EXPECT_EQ(store_->version(k_alice), Version{3});
  EXPECT_EQ(store_->version(k_bob), Version{1});
}

TEST_P(StoreTest, naming_a_partition_without_writes_checks_it_and_leaves_its_version) {
  put(k_alice, "a", "1");
  Commit check;
  check.partitions.push_back({k_alice, Version{1}, {}});
  check.partitions.push_back({k_bob, std::nullopt, {{"b", "1"}}});
  ASSERT_TRUE(store_->commit(check));
  EXPECT_EQ(store_->version(k_alice), Version{1});
}

TEST_P(StoreTest, partitions_with_a_key_are_listed) {
  put(k_bob, "k", "v");
  put(PartitionId{UINT64_MAX}, "k", "v");
  put(k_system_partition, "k", "v");
  put(k_alice, "k", "v");
  ASSERT_TRUE(store_->commit(writes(k_alice, {{"k", std::nullopt}})));
  EXPECT_EQ(store_->partitions(),
            (std::vector<PartitionId>{k_system_partition, k_bob, PartitionId{UINT64_MAX}}));
}

TEST_P(StoreTest, durable_reaches_every_commit_and_says_so) {
  std::mutex mutex;
  std::condition_variable wake;
  Sequence told;
  store_->on_durable([&](std::expected<Sequence, StoreError> news) {
    ASSERT_TRUE(news);
    std::lock_guard lock(mutex);
    EXPECT_GT(*news, told);
    told = *news;
    wake.notify_one();
  });
  Sequence last;
  for (int i = 0; i < 50; ++i) {
    Sequence sequence = put(k_alice, std::to_string(i), "v");
    EXPECT_GT(sequence, last);
    last = sequence;
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(wake.wait_for(lock, 10s, [&] { return told >= last; }));
  EXPECT_GE(store_->durable(), last);
  lock.unlock();
  store_->on_durable({});
}

TEST_P(StoreTest, blobs_of_every_kind_come_back) {
  Bytes noise;
  for (std::uint32_t x = 1; noise.size() < 100000;) {
    x = x * 1664525 + 1013904223;
    noise.push_back(static_cast<char>(x >> 24));
  }
  std::vector<Bytes> contents = {"", "x", "short text", Bytes(mib(3), 'a'), noise};
  Commit commit;
  for (const Bytes& content : contents) {
    commit.new_blobs.emplace_back(id_of(content), content);
    commit.links.push_back({id_of(content), k_alice, content.size()});
  }
  ASSERT_TRUE(store_->commit(commit));
  for (const Bytes& content : contents) {
    EXPECT_TRUE(store_->has_blob(id_of(content)));
    EXPECT_EQ(store_->read_blob(id_of(content)), content);
  }
  EXPECT_TRUE(findings(*store_).empty());
}

TEST_P(StoreTest, any_part_of_a_blob_can_be_read) {
  Commit commit;
  std::vector<Bytes> contents;
  for (std::size_t size :
       {std::size_t{1000}, kib(256), kib(256) + 1, kib(512), kib(512) + 1, kib(900)}) {
    Bytes content;
    while (content.size() < size) content += std::to_string(content.size() * 7919) + " ";
    content.resize(size);
    contents.push_back(std::move(content));
  }
  for (const Bytes& content : contents) {
    commit.new_blobs.emplace_back(id_of(content), content);
    commit.links.push_back({id_of(content), k_alice, content.size()});
  }
  ASSERT_TRUE(store_->commit(commit));
  for (const Bytes& content : contents) {
    BlobId blob = id_of(content);
    EXPECT_EQ(store_->read_blob(blob), content);
    for (std::size_t offset : {std::size_t{0}, std::size_t{999}, kib(256) - 1, kib(256),
                               kib(512) - 5, kib(512), kib(900), kib(2000)}) {
      for (std::uint64_t length : {0UL, 1UL, 10UL, kib(256), kib(600), UINT64_MAX}) {
        Bytes expected =
            offset > content.size() ? Bytes() : Bytes(BytesView(content).substr(offset, length));
        EXPECT_TRUE(store_->read_blob_range(blob, offset, length) == expected)
            << content.size() << " " << offset << " " << length;
      }
    }
  }
  EXPECT_EQ(store_->read_blob_range(id_of("unknown"), 0, 1).error(), StoreError::not_found);
  EXPECT_TRUE(findings(*store_).empty());
}

TEST_P(StoreTest, an_unknown_blob_is_not_found_and_cannot_be_linked) {
  BlobId unknown = id_of("nobody wrote this");
  EXPECT_FALSE(store_->has_blob(unknown));
  EXPECT_EQ(store_->read_blob(unknown).error(), StoreError::not_found);
  Commit commit = writes(k_alice, {{"k", "v"}});
  commit.links.push_back({unknown, k_alice, 1});
  EXPECT_EQ(store_->commit(commit).error(), StoreError::not_found);
  EXPECT_TRUE(is_absent(*store_, k_alice, "k"));
}

TEST_P(StoreTest, a_blob_under_a_name_that_is_not_its_own_is_refused) {
  Commit commit = writes(k_alice, {{"k", "v"}});
  commit.new_blobs.emplace_back(id_of("one"), "another");
  commit.links.push_back({id_of("one"), k_alice, 1});
  EXPECT_EQ(store_->commit(commit).error(), StoreError::corrupt);
  EXPECT_FALSE(store_->has_blob(id_of("one")));
  EXPECT_TRUE(is_absent(*store_, k_alice, "k"));
}

class BlobTest : public StoreTest {
 protected:
  void link(PartitionId partition, std::uint64_t holder) {
    Commit commit;
    commit.new_blobs.emplace_back(blob_, content_);
    commit.links.push_back({blob_, partition, holder});
    ASSERT_TRUE(store_->commit(commit));
  }
  void unlink(PartitionId partition, std::uint64_t holder) {
    Commit commit;
    commit.unlinks.push_back({blob_, partition, holder});
    ASSERT_TRUE(store_->commit(commit));
  }
  std::size_t collect_after(std::int64_t seconds) {
    return store_->collect(wall_now().seconds + seconds).value();
  }

  Bytes content_ = Bytes(5000, 'm');
  BlobId blob_ = id_of(content_);
};

INSTANTIATE_TEST_SUITE_P(Engines, BlobTest, testing::Values("memory", "rocksdb"),
                         [](const auto& info) { return info.param; });

TEST_P(BlobTest, goes_with_its_last_link_after_the_grace) {
  link(k_alice, 1);
  link(k_bob, 1);
  unlink(k_alice, 1);
  EXPECT_EQ(collect_after(10 * k_grace), 0U);
  unlink(k_bob, 1);
  EXPECT_EQ(collect_after(0), 0U);
  EXPECT_EQ(store_->read_blob(blob_), content_);
  EXPECT_TRUE(findings(*store_).empty());
  EXPECT_EQ(collect_after(k_grace + 5), 1U);
  EXPECT_FALSE(store_->has_blob(blob_));
  EXPECT_EQ(store_->read_blob(blob_).error(), StoreError::not_found);
  EXPECT_EQ(collect_after(k_grace + 5), 0U);
  EXPECT_TRUE(findings(*store_).empty());
}

TEST_P(BlobTest, stays_when_it_is_linked_again_before_collection) {
  link(k_alice, 1);
  unlink(k_alice, 1);
  link(k_bob, 2);
  EXPECT_EQ(collect_after(k_grace + 5), 0U);
  EXPECT_EQ(store_->read_blob(blob_), content_);
  EXPECT_TRUE(findings(*store_).empty());
}

TEST_P(BlobTest, comes_back_after_collection) {
  link(k_alice, 1);
  unlink(k_alice, 1);
  EXPECT_EQ(collect_after(k_grace + 5), 1U);
  link(k_alice, 2);
  EXPECT_EQ(store_->read_blob(blob_), content_);
  EXPECT_TRUE(findings(*store_).empty());
}

TEST_P(BlobTest, stays_when_one_commit_moves_its_link) {
  link(k_alice, 1);
  Commit move;
  move.unlinks.push_back({blob_, k_alice, 1});
  move.links.push_back({blob_, k_bob, 9});
  ASSERT_TRUE(store_->commit(move));
  EXPECT_EQ(collect_after(k_grace + 5), 0U);
  std::vector<std::uint64_t> holders;
  ASSERT_TRUE(store_->scan_links([&](const BlobLink& found) {
    EXPECT_EQ(found.partition, k_bob);
    holders.push_back(found.holder);
    return true;
  }));
  EXPECT_EQ(holders, std::vector<std::uint64_t>{9});
}

TEST_P(BlobTest, goes_when_one_commit_drops_all_of_its_links) {
  Commit links;
  links.new_blobs.emplace_back(blob_, content_);
  Commit unlinks;
  for (std::uint64_t holder = 0; holder < 50; ++holder) {
    links.links.push_back({blob_, k_alice, holder});
    unlinks.unlinks.push_back({blob_, k_alice, holder});
  }
  ASSERT_TRUE(store_->commit(links));
  ASSERT_TRUE(store_->commit(unlinks));
  EXPECT_EQ(collect_after(k_grace + 5), 1U);
}

TEST_P(BlobTest, without_any_link_is_collected_too) {
  Commit commit;
  commit.new_blobs.emplace_back(blob_, content_);
  ASSERT_TRUE(store_->commit(commit));
  EXPECT_TRUE(findings(*store_).empty());
  EXPECT_EQ(collect_after(k_grace + 5), 1U);
  EXPECT_FALSE(store_->has_blob(blob_));
}

TEST_P(BlobTest, more_than_one_collection_at_once_removes_are_removed_in_turns) {
  constexpr std::size_t count = 1200;
  Commit commit;
  std::vector<Bytes> contents;
  for (std::size_t i = 0; i < count; ++i) contents.push_back("blob " + std::to_string(i));
  for (const Bytes& content : contents) commit.new_blobs.emplace_back(id_of(content), content);
  ASSERT_TRUE(store_->commit(commit));
  std::size_t removed = 0;
  while (std::size_t some = collect_after(k_grace + 5)) removed += some;
  EXPECT_EQ(removed, count);
  EXPECT_TRUE(findings(*store_).empty());
}

TEST(MemoryHooks, durability_is_held_and_released) {
  MemoryStore memory = open_memory_with_hooks();
  memory.hooks->hold_sync();
  auto sequence = memory.store->commit(writes(k_alice, {{"k", "v"}}));
  ASSERT_TRUE(sequence);
  EXPECT_EQ(memory.store->get(k_alice, "k"), "v");
  EXPECT_LT(memory.store->durable(), *sequence);
  memory.hooks->release_sync();
  EXPECT_EQ(memory.store->durable(), *sequence);
}

TEST(MemoryHooks, a_failing_commit_writes_nothing_and_io_is_for_good) {
  MemoryStore memory = open_memory_with_hooks();
  std::atomic<int> failures = 0;
  memory.store->on_durable([&](std::expected<Sequence, StoreError> news) {
    if (!news) failures.fetch_add(1);
    failures.notify_all();
  });
  Commit commit = writes(k_alice, {{"k", "v"}});
  memory.hooks->fail_next_commit(StoreError::no_space);
  EXPECT_EQ(memory.store->commit(commit).error(), StoreError::no_space);
  EXPECT_EQ(memory.store->version(k_alice), Version{0});
  EXPECT_TRUE(memory.store->commit(commit));
  memory.hooks->fail_next_commit(StoreError::io);
  EXPECT_EQ(memory.store->commit(commit).error(), StoreError::io);
  EXPECT_EQ(memory.store->commit(commit).error(), StoreError::io);
  failures.wait(0);
  EXPECT_EQ(failures, 1);
}

// V10: one damaged record costs that record.
TEST(MemoryHooks, a_flipped_bit_is_found_and_named) {
  MemoryStore memory = open_memory_with_hooks();
  Commit commit = writes(k_alice, {{"bad", "value"}, {"good", "value"}, {"last", "value"}});
  Bytes content(3000, 'x');
  commit.new_blobs.emplace_back(id_of(content), content);
  commit.links.push_back({id_of(content), k_alice, 1});
  ASSERT_TRUE(memory.store->commit(commit));
  ASSERT_TRUE(memory.hooks->flip_bit(k_alice, "bad"));
  ASSERT_TRUE(memory.hooks->flip_blob_bit(id_of(content)));

  EXPECT_EQ(memory.store->get(k_alice, "bad").error(), StoreError::corrupt);
  EXPECT_EQ(memory.store->get(k_alice, "good"), "value");
  EXPECT_EQ(memory.store->read_blob(id_of(content)).error(), StoreError::corrupt);
  std::vector<Bytes> seen;
  auto scanned = memory.store->scan(k_alice, {}, {}, Scan::forward, [&](BytesView key, BytesView) {
    seen.emplace_back(key);
    return true;
  });
  EXPECT_EQ(scanned.error(), StoreError::corrupt);
  EXPECT_EQ(seen, (std::vector<Bytes>{"good", "last"}));

  std::vector<Finding> found = findings(*memory.store);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].where, "partition 7 key 'bad'");
  EXPECT_TRUE(found[1].where.starts_with("blob "));
}

}  // namespace
}  // namespace peregrine::store
