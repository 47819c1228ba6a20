// Crashes: a process killed at any moment has lost nothing that was durable, and half of nothing.

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <signal.h>
#include <unistd.h>

#include "store/rocksdb/child.h"
#include "store/rocksdb/test_directory.h"

namespace peregrine::store {
namespace {

constexpr std::size_t k_zero_page = kib(4);

/// Delivers for ever, from the first number that is not there, and writes to a pipe how many
/// deliveries are durable. `argument`: the pipe's number, a colon, the directory.
int deliver_for_ever(const std::string& argument) {
  int report = std::atoi(argument.c_str());
  auto store = open_rocksdb(test_options(argument.substr(argument.find(':') + 1)));
  if (!store) return 3;
  std::uint64_t first = delivered(**store);
  // Nothing else commits from here on, so that number and sequence go alike.
  std::atomic<std::uint64_t> base = UINT64_MAX;
  (*store)->on_durable([&](std::expected<Sequence, StoreError> news) {
    if (!news) _exit(4);
    std::uint64_t before = base;
    if (news->value <= before) return;
    std::uint64_t done = first + news->value - before;
    if (write(report, &done, sizeof done) != sizeof done) _exit(5);
  });
  for (std::uint64_t number = first;; ++number) {
    auto sequence = deliver(**store, number);
    if (!sequence) return 6;
    if (number == first) base = sequence->value - 1;
  }
}

const ChildTaskEntry k_deliver("deliver for ever", deliver_for_ever);

// The last of at most `count` reports; fewer when the child ends.
std::uint64_t last_report(int fd, std::uint64_t count = UINT64_MAX) {
  std::uint64_t last = 0;
  std::uint64_t value = 0;
  for (; count > 0 && read(fd, &value, sizeof value) == sizeof value; --count) last = value;
  return last;
}

TEST(Crash, thirty_kills_lose_nothing_durable) {
  TestDirectory directory;
  std::mt19937 random(20);
  std::uint64_t there = 0;
  for (int round = 0; round < 30; ++round) {
    std::array<int, 2> channel{};
    ASSERT_EQ(pipe(channel.data()), 0);
    std::string argument = std::to_string(channel[1]) + ":" + directory.path();
    pid_t child = start_child("deliver for ever", argument);
    close(channel[1]);
    std::uint64_t durable = last_report(channel[0], 1 + random() % 10);
    kill(child, SIGKILL);
    ASSERT_EQ(wait_for_child(child), 128 + SIGKILL);
    durable = std::max({durable, last_report(channel[0]), there});
    close(channel[0]);

    auto store = open_rocksdb(test_options(directory.path()));
    ASSERT_TRUE(store) << store.error().detail;
    there = delivered(**store);
    ASSERT_GE(there, durable) << "round " << round;
    // The number and the deliveries are of one piece.
    auto last = (*store)->get(k_system_partition, "last");
    ASSERT_TRUE(last);
    ASSERT_EQ(last->value_or("-1"), there == 0 ? "-1" : std::to_string(there - 1));
    if (round % 10 == 9) ASSERT_EQ(count_findings(**store), 0U);
  }
  EXPECT_GT(there, 0U);
}

// A power failure may leave any page of the part of the log that was not synced unwritten, which
// reads as zeros: what follows must not be taken for the next commit.
TEST(Crash, an_unwritten_page_in_the_log_ends_it) {
  TestDirectory original;
  constexpr std::uint64_t count = 60;
  {
    auto store = open_rocksdb(test_options(original.path()));
    ASSERT_TRUE(store);
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(deliver(**store, i));
  }
  std::filesystem::path log;
  for (const auto& file : files_of(original.path())) {
    if (file.extension() == ".log") log = file.filename();
  }
  Bytes whole = read_all(original.path() / log);
  ASSERT_GT(whole.size(), 10 * k_zero_page);
  std::uint64_t least = count;
  std::size_t opened = 0;
  for (std::size_t page = 0; page * k_zero_page < whole.size(); ++page) {
    TestDirectory copy;
    for (const auto& file : files_of(original.path())) {
      std::filesystem::copy(file, copy.path());
    }
    Bytes holed = whole;
    std::size_t start = page * k_zero_page;
    std::size_t size = std::min(k_zero_page, whole.size() - start);
    holed.replace(start, size, Bytes(size, '\0'));
    holed.append(mib(1), '\0');
    write_all(copy.path() / log, holed);

    auto store = open_rocksdb(test_options(copy.path()));
    if (!store) {  // commits behind the page say that it had been synced: log_check_test.cpp
      ASSERT_NE(store.error().detail.find("acknowledged"), std::string::npos);
      continue;
    }
    ++opened;
    std::uint64_t there = delivered(**store);
    least = std::min(least, there);
    for (std::uint64_t i = there; i < count; ++i) {
      ASSERT_FALSE((*store)->has_blob(id_of(numbered_body(i)))) << "page " << page;
    }
    auto last = (*store)->get(k_system_partition, "last");
    ASSERT_TRUE(last);
    ASSERT_EQ(last->value_or("-1"), there == 0 ? "-1" : std::to_string(there - 1));
    ASSERT_TRUE(deliver(**store, there));
  }
  EXPECT_GT(opened, 0U);
  EXPECT_LT(least, count);
}

}  // namespace
}  // namespace peregrine::store
