// store_bench DIRECTORY [MESSAGE_BYTES] [GATHER_US]: commits a second, syncs for each commit and
// the wait of a commit, with 1, 16 and 64 committers in a closed loop behind one calling thread,
// which is how core uses the store.

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <random>
#include <vector>

#include "base/time.h"
#include "crypto/hash.h"
#include "store/records/record_store.h"
#include "store/rocksdb/rocks_engine.h"

using namespace std::chrono_literals;

namespace peregrine::store {
namespace {

/// Mail-like bytes: half of them words, half of them random.
Bytes message(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes out;
  while (out.size() < size) {
    out += "The quick brown fox jumps over the lazy dog. ";
    for (int i = 0; i < 45; ++i) out.push_back(static_cast<char>('0' + random() % 64));
  }
  out.resize(size);
  return out;
}

Commit delivery(const Bytes& body, std::uint64_t number) {
  PartitionId account{1 + number % 100};
  BlobId blob{crypto::sha256(body)};
  Commit commit;
  PartitionWrites writes{account, std::nullopt, {}};
  std::string suffix = std::to_string(number);
  writes.writes.push_back({"m" + suffix, Bytes(500, 'e')});
  writes.writes.push_back({"e" + suffix, Bytes(40, 'f')});
  writes.writes.push_back({"l" + suffix, Bytes(20, 'g')});
  commit.partitions.push_back(std::move(writes));
  commit.new_blobs.emplace_back(blob, body);
  commit.links.push_back({blob, account, number});
  return commit;
}

struct InFlight {
  std::uint64_t sequence;
  Monotonic::time_point start;
};

void run(const std::string& directory, std::size_t committers, std::size_t size,
         std::uint32_t gather_us) {
  OpenOptions options{.directory = directory, .create = Create::yes};
  auto opened = RocksEngine::open(options, GatherPolicy{gather_us});
  if (!opened) {
    fmt::print("{}\n", opened.error().detail);
    std::exit(1);
  }
  RocksEngine& engine = **opened;
  RecordStore store(std::move(*opened), 3600);

  std::mutex mutex;
  std::condition_variable wake;
  std::uint64_t durable = 0;
  store.on_durable([&](std::expected<Sequence, StoreError> news) {
    if (!news) std::abort();
    std::lock_guard lock(mutex);
    durable = news->value;
    wake.notify_one();
  });

  std::deque<InFlight> in_flight;
  std::vector<double> waits;
  std::uint64_t number = 0;
  Bytes body = message(size, committers);
  Monotonic::time_point start = Monotonic::now();
  Monotonic::time_point end = start + 4s;
  std::uint64_t done = 0;
  while (Monotonic::now() < end) {
    while (in_flight.size() < committers) {
      body.replace(0, 20, fmt::format("{:020}", committers * 100000000 + number));
      Monotonic::time_point now = Monotonic::now();
      auto sequence = store.commit(delivery(body, number++));
      if (!sequence) std::abort();
      in_flight.push_back({sequence->value, now});
      std::lock_guard lock(mutex);
      if (durable >= in_flight.front().sequence) break;
    }
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return durable >= in_flight.front().sequence; });
    Monotonic::time_point now = Monotonic::now();
    while (!in_flight.empty() && in_flight.front().sequence <= durable) {
      waits.push_back(
          std::chrono::duration<double, std::milli>(now - in_flight.front().start).count());
      in_flight.pop_front();
      ++done;
    }
  }
  double seconds = std::chrono::duration<double>(Monotonic::now() - start).count();
  std::ranges::sort(waits);
  fmt::print(
      "{:3} committers: {:7.0f} commits/s, {:.3f} syncs/commit, wait p50 {:.2f} p99 {:.2f} ms\n",
      committers, static_cast<double>(done) / seconds,
      static_cast<double>(engine.sync_count()) / static_cast<double>(done), waits[waits.size() / 2],
      waits[waits.size() * 99 / 100]);
}

}  // namespace
}  // namespace peregrine::store

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print("usage: store_bench DIRECTORY [MESSAGE_BYTES] [GATHER_US]\n");
    return 2;
  }
  std::size_t size = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 4096;
  auto gather_us = static_cast<std::uint32_t>(
      argc > 3 ? std::strtoul(argv[3], nullptr, 10) : peregrine::store::GatherPolicy{}.max_wait_us);
  for (std::size_t committers : {1UL, 16UL, 64UL}) {
    std::string directory = fmt::format("{}/bench-{}", argv[1], committers);
    std::filesystem::remove_all(directory);
    peregrine::store::run(directory, committers, size, gather_us);
    std::filesystem::remove_all(directory);
  }
}
