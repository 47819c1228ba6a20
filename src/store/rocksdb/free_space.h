#pragma once
// FreeSpace: how much a file system has left, asked of it only now and then; between two questions
// what was written since is taken off. Counts files as well as bytes (V45).

#include <cstdint>
#include <mutex>

#include "base/time.h"
#include "store/records/engine.h"

namespace peregrine::store {

class FreeSpace {
 public:
  /// `directory_fd` is borrowed and stays open as long as this object lives.
  FreeSpace(int directory_fd, std::uint64_t low_water_bytes);

  /// True when `bytes` more may be written, on top of the `pending` that memory will write out.
  bool has_room(std::uint64_t bytes, std::uint64_t pending, Reserve reserve);
  void wrote(std::uint64_t bytes);
  /// Bytes above the low-water mark.
  std::uint64_t above_low_water();

 private:
  /// Asks the kernel anew when what is known is old, or less than `needed`.
  std::uint64_t estimate(std::uint64_t needed);

  int directory_fd_;
  std::uint64_t low_water_;
  std::mutex mutex_;
  Monotonic::time_point asked_{};  // guarded by mutex_, as the next two
  std::uint64_t free_ = 0;
  std::uint64_t written_since_ = 0;
};

}  // namespace peregrine::store
