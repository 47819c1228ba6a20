#include "store/rocksdb/free_space.h"

#include <algorithm>
#include <chrono>
#include <sys/statvfs.h>

namespace peregrine::store {

namespace {

constexpr std::chrono::milliseconds k_fresh{200};
/// Files that the engine may still have to make: tables, a log, a manifest.
constexpr std::uint64_t k_files_needed = 64;

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

}  // namespace

FreeSpace::FreeSpace(int directory_fd, std::uint64_t low_water_bytes)
    : directory_fd_(directory_fd), low_water_(low_water_bytes) {}

std::uint64_t FreeSpace::estimate(std::uint64_t needed) {
  std::lock_guard lock(mutex_);
  // What was written may be a good part of what is left: then the old answer is no longer one.
  bool far_off = written_since_ > free_ / 8;
  Monotonic::time_point now = Monotonic::now();
  // Nobody is refused by an old answer.
  bool too_little = minus(free_, written_since_) < needed;
  if (far_off || too_little || now - asked_ > k_fresh || asked_ == Monotonic::time_point{}) {
    struct statvfs facts{};
    if (fstatvfs(directory_fd_, &facts) != 0) return 0;
    bool no_files = facts.f_files != 0 && facts.f_favail < k_files_needed;
    free_ = no_files ? 0 : static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
    written_since_ = 0;
    asked_ = now;
  }
  return minus(free_, written_since_);
}

bool FreeSpace::has_room(std::uint64_t bytes, std::uint64_t pending, Reserve reserve) {
  std::uint64_t mark = reserve == Reserve::half ? low_water_ / 2 : low_water_;
  std::uint64_t needed = mark + bytes + pending;
  return estimate(needed) >= needed;
}

void FreeSpace::wrote(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  written_since_ += bytes;
}

std::uint64_t FreeSpace::above_low_water() {
  return minus(estimate(low_water_ + 1), low_water_);
}

}  // namespace peregrine::store
