// Opening: what is refused, and with which line.

#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "store/records/frame.h"
#include "store/records/keys.h"
#include "store/records/packer.h"
#include "store/rocksdb/rocks_engine.h"
#include "store/rocksdb/test_directory.h"

namespace peregrine::store {
namespace {

std::unique_ptr<Store> open_store(const std::string& directory) {
  auto opened = open_rocksdb(test_options(directory));
  EXPECT_TRUE(opened) << opened.error().detail;
  return opened ? std::move(*opened) : nullptr;
}

TEST(Open, everything_is_there_after_reopening) {
  TestDirectory directory;
  std::string inside = directory.path() + "/data";
  {
    auto store = open_store(inside);
    for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(deliver(*store, i));
  }
  struct stat facts{};
  ASSERT_EQ(stat(inside.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
  auto store = open_store(inside);
  EXPECT_EQ(delivered(*store), 100U);
  EXPECT_EQ(store->version(k_system_partition), Version{100});
  EXPECT_EQ(count_findings(*store), 0U);
}

TEST(Open, files_are_for_the_owner_alone) {
  TestDirectory directory;
  auto store = open_store(directory.path());
  ASSERT_TRUE(deliver(*store, 0));
  for (const auto& file : files_of(directory.path())) {
    struct stat facts{};
    ASSERT_EQ(stat(file.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 077, 0U) << file;
  }
}

TEST(Open, a_directory_in_use_is_refused_by_name) {
  TestDirectory directory;
  auto store = open_store(directory.path());
  auto second = open_rocksdb(test_options(directory.path()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().error, StoreError::in_use);
  EXPECT_TRUE(second.error().detail.contains(directory.path())) << second.error().detail;
  EXPECT_TRUE(deliver(*store, 0));
}

TEST(Open, a_later_format_is_refused) {
  TestDirectory directory;
  open_store(directory.path());
  {
    auto engine = RocksEngine::open(test_options(directory.path()), {});
    ASSERT_TRUE(engine);
    Bytes later = Encoder{}.varint(k_format_number + 1).take();
    ASSERT_TRUE(
        (*engine)->apply({{Table::meta, format_key(), frame(format_key(), later)}}, Reserve::half));
  }
  auto opened = open_rocksdb(test_options(directory.path()));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().error, StoreError::newer_format);
  EXPECT_TRUE(opened.error().detail.contains("later version")) << opened.error().detail;
}

TEST(Open, a_large_blob_of_format_1_is_read_as_it_is) {
  TestDirectory directory;
  Bytes body;
  while (body.size() < kib(700)) body += "line " + std::to_string(body.size()) + "\r\n";
  Bytes digest(id_of(body).bytes());
  BlobLink link{id_of(body), PartitionId{1}, 7};
  auto engine_of = [&] { return RocksEngine::open(test_options(directory.path()), {}); };
  {
    auto engine = engine_of();
    ASSERT_TRUE(engine);
    auto put = [](Table table, const Bytes& key, BytesView payload) {
      return TableWrite{table, key, frame(key, payload)};
    };
    ASSERT_TRUE((*engine)->apply({put(Table::meta, format_key(), Encoder{}.varint(1).view()),
                                  put(Table::blobs, digest, Packer().pack(body)),
                                  put(Table::links, digest, encode_head({body.size(), 0})),
                                  put(Table::links, link_key(link), "")},
                                 Reserve::half));
  }
  {
    auto store = open_store(directory.path());
    EXPECT_TRUE(store->read_blob(id_of(body)) == body);
    EXPECT_EQ(store->read_blob_range(id_of(body), kib(400), 100), body.substr(kib(400), 100));
    EXPECT_EQ(count_findings(*store), 0U);
    Commit unlink;
    unlink.unlinks.push_back(link);
    ASSERT_TRUE(store->commit(unlink));
    EXPECT_EQ(store->collect(INT64_MAX - 1), 1U);
    EXPECT_EQ(store->read_blob(id_of(body)).error(), StoreError::not_found);
  }
  auto engine = engine_of();
  ASSERT_TRUE(engine);
  // The version that wrote it must not write here any more.
  EXPECT_EQ((*engine)->get(Table::meta, format_key()),
            frame(format_key(), Encoder{}.varint(k_format_number).view()));
}

TEST(Open, records_without_a_format_number_are_refused) {
  TestDirectory directory;
  {
    auto engine = RocksEngine::open(test_options(directory.path()), {});
    ASSERT_TRUE(engine);
    ASSERT_TRUE((*engine)->apply({{Table::data, "something", "else"}}, Reserve::half));
  }
  auto opened = open_rocksdb(test_options(directory.path()));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().error, StoreError::corrupt);
}

// V11: nothing planted in the directory is followed.
TEST(Open, a_planted_link_is_refused) {
  TestDirectory directory;
  open_store(directory.path());
  ASSERT_EQ(symlink("/etc/passwd", (directory.path() + "/000099.log").c_str()), 0);
  auto opened = open_rocksdb(test_options(directory.path()));
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().detail.contains("000099.log")) << opened.error().detail;
}

TEST(Open, a_directory_that_others_may_write_is_refused) {
  TestDirectory directory;
  ASSERT_EQ(chmod(directory.path().c_str(), 0777), 0);
  auto opened = open_rocksdb(test_options(directory.path()));
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().detail.contains("0700")) << opened.error().detail;
}

TEST(Open, a_file_that_another_user_owns_is_refused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  TestDirectory directory;
  open_store(directory.path());
  write_all(directory.path() + "/000098.sst", "x");
  ASSERT_EQ(chown((directory.path() + "/000098.sst").c_str(), 12345, 12345), 0);
  EXPECT_FALSE(open_rocksdb(test_options(directory.path())));
}

}  // namespace
}  // namespace peregrine::store
