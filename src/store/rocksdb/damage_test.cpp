// V10: bits that flip in any file. The store opens or says why not; what it then gives is right or
// `corrupt`; it goes on to serve.

#include <algorithm>
#include <random>

#include "store/records/frame.h"
#include "store/records/keys.h"
#include "store/records/packer.h"
#include "store/rocksdb/rocks_engine.h"
#include "store/rocksdb/test_directory.h"

namespace peregrine::store {
namespace {

constexpr std::uint64_t k_messages = 400;

/// A store whose records stand in tables and blob files, with some in the log.
void fill(const std::string& directory) {
  // Each opening writes what the log held into tables.
  for (std::uint64_t part = 0; part < 4; ++part) {
    auto store = open_rocksdb(test_options(directory));
    ASSERT_TRUE(store);
    for (std::uint64_t i = 0; i < k_messages / 4; ++i) {
      ASSERT_TRUE(deliver(**store, part * k_messages / 4 + i));
    }
  }
}

void flip_bits(const std::filesystem::path& path, std::mt19937& random) {
  Bytes bytes = read_all(path);
  if (bytes.empty()) return;
  for (int i = 0; i < 4; ++i) {
    char& byte = bytes[random() % bytes.size()];
    byte = static_cast<char>(byte ^ (1 << random() % 8));
  }
  write_all(path, bytes);
}

/// Reads everything; whatever answers at all must answer the truth.
void check_answers(Store& store) {
  for (std::uint64_t i = 0; i < k_messages; ++i) {
    Bytes body = numbered_body(i);
    auto record = store.get(PartitionId{1 + i % 3}, "message/" + std::to_string(i));
    if (record && *record) {
      EXPECT_EQ(**record, id_of(body).bytes());
    } else if (!record) {
      EXPECT_EQ(record.error(), StoreError::corrupt);
    }
    auto content = store.read_blob(id_of(body));
    if (content) EXPECT_EQ(*content, body);
  }
  std::size_t findings = 0;
  auto verified = store.verify([&](const Finding& finding) {
    EXPECT_FALSE(finding.where.empty());
    ++findings;
  });
  EXPECT_TRUE(verified);
}

TEST(Damage, flipped_bits_in_every_file_are_survived) {
  TestDirectory original;
  fill(original.path());
  std::mt19937 random(10);
  int opened_count = 0;
  for (const auto& victim : files_of(original.path())) {
    for (int round = 0; round < 2; ++round) {
      TestDirectory copy;
      for (const auto& file : files_of(original.path())) {
        std::filesystem::copy(file, copy.path());
      }
      flip_bits(copy.path() / victim.filename(), random);
      auto store = open_rocksdb(test_options(copy.path()));
      if (!store) {
        EXPECT_FALSE(store.error().detail.empty());
        EXPECT_EQ(store.error().detail.find('\n'), std::string::npos);
        continue;
      }
      ++opened_count;
      check_answers(**store);
      auto done = deliver(**store, k_messages + 1);
      EXPECT_TRUE(done) << victim << " " << (done ? 0 : static_cast<int>(done.error()));
    }
  }
  EXPECT_GT(opened_count, 0);
}

TEST(Damage, a_record_that_rotted_before_it_was_written_is_named_and_alone) {
  TestDirectory directory;
  fill(directory.path());
  Bytes key = data_key(PartitionId{1}, "message/3");
  {
    auto engine = RocksEngine::open(test_options(directory.path()), {});
    ASSERT_TRUE(engine);
    Bytes rotten = (*engine)->get(Table::data, key)->value();
    rotten[5] = static_cast<char>(rotten[5] ^ 1);
    ASSERT_TRUE((*engine)->apply({{Table::data, key, rotten}}, Reserve::half));
  }
  auto store = open_rocksdb(test_options(directory.path()));
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->get(PartitionId{1}, "message/3").error(), StoreError::corrupt);
  EXPECT_TRUE((*store)->get(PartitionId{1}, "message/6"));
  std::vector<Finding> findings;
  ASSERT_TRUE((*store)->verify([&](const Finding& finding) { findings.push_back(finding); }));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].where, "partition 1 key 'message/3'");
  EXPECT_TRUE(deliver(**store, k_messages + 1));
}

class DamagedPiece : public testing::Test {
 protected:
  /// Delivers `body_` and breaks its piece 1: with another record, or none.
  void break_piece(const std::optional<Bytes>& record) {
    while (body_.size() < kib(1000)) body_ += "line " + std::to_string(body_.size()) + "\r\n";
    {
      auto store = open_rocksdb(test_options(directory_.path()));
      ASSERT_TRUE(store);
      Commit commit;
      commit.new_blobs.emplace_back(id_of(body_), body_);
      commit.links.push_back({id_of(body_), PartitionId{1}, 1});
      ASSERT_TRUE((*store)->commit(commit));
    }
    auto engine = RocksEngine::open(test_options(directory_.path()), {});
    ASSERT_TRUE(engine);
    Bytes key = piece_key(id_of(body_), 1);
    ASSERT_TRUE((*engine)->get(Table::blobs, key)->has_value());
    ASSERT_TRUE((*engine)->apply({{Table::blobs, key, record}}, Reserve::half));
  }
  void expect_found() {
    auto store = open_rocksdb(test_options(directory_.path()));
    ASSERT_TRUE(store);
    BlobId blob = id_of(body_);
    // The other pieces are not touched by it: what is read of a blob is what was asked for.
    EXPECT_EQ((*store)->read_blob_range(blob, 0, 50), body_.substr(0, 50));
    EXPECT_TRUE((*store)->read_blob_range(blob, kib(512), kib(300)) ==
                body_.substr(kib(512), kib(300)));
    EXPECT_EQ((*store)->read_blob_range(blob, kib(256) - 1, 2).error(), StoreError::corrupt);
    EXPECT_EQ((*store)->read_blob(blob).error(), StoreError::corrupt);
    std::vector<Finding> findings;
    ASSERT_TRUE((*store)->verify([&](const Finding& finding) { findings.push_back(finding); }));
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].what, "the blob cannot be read");
  }

  TestDirectory directory_;
  Bytes body_;
};

TEST_F(DamagedPiece, that_is_missing_is_found) {
  break_piece(std::nullopt);
  expect_found();
}

TEST_F(DamagedPiece, that_does_not_unpack_is_found) {
  break_piece(Bytes("rotten"));
  expect_found();
}

TEST_F(DamagedPiece, with_another_content_under_a_right_frame_is_found_by_the_digest) {
  Bytes other = Packer().pack(Bytes(kib(256), 'x'));
  break_piece(std::nullopt);
  {
    auto engine = RocksEngine::open(test_options(directory_.path()), {});
    ASSERT_TRUE(engine);
    Bytes key = piece_key(id_of(body_), 1);
    ASSERT_TRUE((*engine)->apply({{Table::blobs, key, frame(key, other)}}, Reserve::half));
  }
  auto store = open_rocksdb(test_options(directory_.path()));
  ASSERT_TRUE(store);
  EXPECT_EQ((*store)->read_blob(id_of(body_)).error(), StoreError::corrupt);
  std::size_t findings = 0;
  ASSERT_TRUE((*store)->verify([&](const Finding&) { ++findings; }));
  EXPECT_EQ(findings, 1U);
}

TEST(Blobs, in_pieces_leave_no_piece_behind) {
  TestDirectory directory;
  {
    auto store = open_rocksdb(test_options(directory.path()));
    ASSERT_TRUE(store);
    Bytes body(kib(900), 'p');
    Commit commit;
    commit.new_blobs.emplace_back(id_of(body), body);
    ASSERT_TRUE((*store)->commit(commit));
    EXPECT_EQ((*store)->collect(INT64_MAX - 1), 1U);
  }
  auto engine = RocksEngine::open(test_options(directory.path()), {});
  ASSERT_TRUE(engine);
  std::size_t left = 0;
  ASSERT_TRUE((*engine)->scan(Table::blobs, {}, {}, Scan::forward, [&](BytesView, BytesView) {
    ++left;
    return true;
  }));
  EXPECT_EQ(left, 0U);
}

// A compaction that meets a damaged table must not turn the store read-only.
TEST(Damage, commits_go_on_when_compaction_meets_a_damaged_table) {
  TestDirectory directory;
  fill(directory.path());
  for (const auto& file : files_of(directory.path())) {
    Bytes bytes = read_all(file);
    // Only the tables of partitions hold this, and their first block starts the file.
    if (file.extension() != ".sst" || !bytes.contains("message/")) continue;
    bytes[10] = static_cast<char>(bytes[10] ^ 4);
    write_all(file, bytes);
  }
  testing::internal::CaptureStderr();
  // Each opening adds a table for each family, until compaction sets in.
  for (std::uint64_t round = 0; round < 8; ++round) {
    auto store = open_rocksdb(test_options(directory.path()));
    ASSERT_TRUE(store) << store.error().detail;
    for (std::uint64_t i = 0; i < 50; ++i) {
      ASSERT_TRUE(deliver(**store, k_messages + round * 50 + i));
    }
    EXPECT_EQ((*store)->get(PartitionId{1}, "message/0").error(), StoreError::corrupt);
  }
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(log.contains("store.corrupt reason=\"Corruption"));
}

}  // namespace
}  // namespace peregrine::store
