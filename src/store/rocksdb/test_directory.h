#pragma once
// For the tests of this folder: a temporary store directory and commits that can be checked later.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "store/store.h"

namespace peregrine::store {

class TestDirectory {
 public:
  TestDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "peregrine-store-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline OpenOptions test_options(const std::string& directory) {
  return {
      .directory = directory, .create = Create::yes, .cache_bytes = mib(8), .low_water_bytes = 0};
}

inline BlobId id_of(BytesView content) {
  return BlobId{crypto::sha256(content)};
}

inline Bytes numbered_body(std::uint64_t number) {
  Bytes body = "Message " + std::to_string(number) + "\r\n\r\n";
  std::uint64_t x = number + 1;
  while (body.size() < 1500 + number % 5 * 1000) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    body.push_back(static_cast<char>('!' + (x >> 58)));
  }
  return body;
}

/// A delivery as the model makes it: records of an account, the blob and its link, and the number
/// that says how far this went.
inline std::expected<Sequence, StoreError> deliver(Store& store, std::uint64_t number) {
  PartitionId account{1 + number % 3};
  Bytes body = numbered_body(number);
  Commit commit;
  std::string name = "message/" + std::to_string(number);
  commit.partitions.push_back({account, std::nullopt, {{name, Bytes(id_of(body).bytes())}}});
  commit.partitions.push_back(
      {k_system_partition, std::nullopt, {{"last", std::to_string(number)}}});
  commit.new_blobs.emplace_back(id_of(body), body);
  commit.links.push_back({id_of(body), account, number});
  return store.commit(commit);
}

/// How many deliveries, counted from 0, are there as a whole.
inline std::uint64_t delivered(Store& store) {
  std::uint64_t number = 0;
  while (true) {
    Bytes body = numbered_body(number);
    auto record = store.get(PartitionId{1 + number % 3}, "message/" + std::to_string(number));
    if (!record || !*record || **record != id_of(body).bytes()) return number;
    if (store.read_blob(id_of(body)) != body) return number;
    ++number;
  }
}

inline std::size_t count_findings(Store& store) {
  std::size_t count = 0;
  EXPECT_TRUE(store.verify([&](const Finding& finding) {
    ++count;
    ADD_FAILURE() << finding.where << ": " << finding.what;
  }));
  return count;
}

inline std::vector<std::filesystem::path> files_of(const std::string& directory) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

inline Bytes read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_all(const std::filesystem::path& path, BytesView bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace peregrine::store
