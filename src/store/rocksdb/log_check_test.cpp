// A damaged log: what was never durable may end it, what was may not go without a word.
#include "store/rocksdb/log_check.h"

#include <thread>

#include "store/rocksdb/test_directory.h"

namespace peregrine::store {
namespace {

namespace fs = std::filesystem;

/// A store with `count` deliveries, each durable before the next, left as by a process that was
/// killed: its log has not been read into a table.
void fill(const std::string& directory, std::uint64_t count) {
  auto store = open_rocksdb(test_options(directory));
  ASSERT_TRUE(store);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto sequence = deliver(**store, i);
    ASSERT_TRUE(sequence);
    while ((*store)->durable() < *sequence) std::this_thread::yield();
  }
}

fs::path log_of(const std::string& directory) {
  fs::path largest;
  for (const fs::path& file : files_of(directory)) {
    bool is_larger = largest.empty() || fs::file_size(file) > fs::file_size(largest);
    if (file.extension() == ".log" && is_larger) largest = file;
  }
  return largest;
}

/// Opens the store without making one.
std::expected<std::uint64_t, OpenError> reopen(const std::string& directory) {
  OpenOptions options = test_options(directory);
  options.create = Create::no;
  auto store = open_rocksdb(options);
  if (!store) return std::unexpected(store.error());
  return delivered(**store);
}

TEST(LogCheck, a_mark_is_read_as_written) {
  Bytes batch(12, '\0');
  batch += '\x03';
  Bytes mark = encode(LogMark{.run = 7, .commit = 9, .durable = 8});
  batch += static_cast<char>(mark.size());
  batch += mark;
  auto read = mark_of(batch + "more");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->run, 7U);
  EXPECT_EQ(read->commit, 9U);
  EXPECT_EQ(read->durable, 8U);
  for (std::size_t size = 0; size < batch.size(); ++size)
    EXPECT_FALSE(mark_of(batch.substr(0, size)));
}

TEST(LogCheck, a_flipped_bit_before_durable_commits_is_refused) {
  TestDirectory directory;
  fill(directory.path(), 60);
  fs::path log = log_of(directory.path());
  Bytes whole = read_all(log);
  for (std::size_t part = 1; part < 8; ++part) {
    Bytes flipped = whole;
    flipped[whole.size() * part / 10] ^= 0x10;
    write_all(log, flipped);
    auto opened = reopen(directory.path());
    ASSERT_FALSE(opened) << part;
    EXPECT_EQ(opened.error().error, StoreError::corrupt);
    EXPECT_NE(opened.error().detail.find("truncate --size="), std::string::npos);
    EXPECT_EQ(read_all(log), flipped) << "it may not be changed";
  }
  write_all(log, whole);
  EXPECT_EQ(reopen(directory.path()), 60U);
}

TEST(LogCheck, zeros_before_durable_commits_are_refused) {
  TestDirectory directory;
  fill(directory.path(), 60);
  fs::path log = log_of(directory.path());
  Bytes whole = read_all(log);
  Bytes holed = whole;
  holed.replace(kib(40), kib(4), Bytes(kib(4), '\0'));
  write_all(log, holed);
  EXPECT_FALSE(reopen(directory.path()));
}

TEST(LogCheck, what_the_message_says_to_do_works) {
  TestDirectory directory;
  fill(directory.path(), 60);
  fs::path log = log_of(directory.path());
  Bytes whole = read_all(log);
  whole[whole.size() / 2] ^= 1;
  write_all(log, whole);
  auto refused = reopen(directory.path());
  ASSERT_FALSE(refused);
  // truncate --size=N PATH
  std::string_view command = refused.error().detail;
  command.remove_prefix(command.find("--size=") + 7);
  fs::path named = command.substr(command.find(' ') + 1);
  EXPECT_EQ(named, log);
  fs::resize_file(named, std::strtoull(command.data(), nullptr, 10));
  auto opened = reopen(directory.path());
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_GT(*opened, 10U);
  EXPECT_LT(*opened, 60U);
}

TEST(LogCheck, a_torn_end_is_cut) {
  TestDirectory directory;
  fill(directory.path(), 60);
  fs::path log = log_of(directory.path());
  Bytes whole = read_all(log);
  for (std::size_t cut : {std::size_t{1}, std::size_t{100}, std::size_t{5000}}) {
    write_all(log, whole.substr(0, whole.size() - cut) + Bytes(mib(1), '\0'));
    TestDirectory copy;
    for (const fs::path& file : files_of(directory.path())) fs::copy(file, copy.path());
    auto opened = reopen(copy.path());
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_LT(*opened, 60U);
    EXPECT_GT(*opened, 50U);
  }
}

TEST(Presence, nothing_is_made_where_a_store_is_expected) {
  TestDirectory directory;
  auto empty = reopen(directory.path());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().error, StoreError::not_found);
  EXPECT_TRUE(files_of(directory.path()).empty());
  EXPECT_EQ(reopen(directory.path() + "/absent").error().error, StoreError::not_found);
}

TEST(Presence, a_store_without_its_first_file_stays_as_it_is) {
  TestDirectory directory;
  fill(directory.path(), 3);
  Bytes current = read_all(directory.path() + "/CURRENT");
  fs::remove(directory.path() + "/CURRENT");
  std::vector<fs::path> before = files_of(directory.path());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(reopen(directory.path()).error().error, StoreError::corrupt);
  }
  EXPECT_EQ(files_of(directory.path()), before);
  write_all(directory.path() + "/CURRENT", current);
  EXPECT_EQ(reopen(directory.path()), 3U);
}

}  // namespace
}  // namespace peregrine::store
