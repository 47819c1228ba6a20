#pragma once
// Backoff: how long to wait before a process is started again. Each failure doubles the wait; a
// process that lived for a while starts over with the shortest.

#include <algorithm>
#include <chrono>
#include <utility>

namespace peregrine::supervisor {

class Backoff {
 public:
  static constexpr std::chrono::milliseconds k_shortest{100};
  static constexpr std::chrono::milliseconds k_longest{10'000};
  /// A process that lived this long has not failed at once.
  static constexpr std::chrono::milliseconds k_settled{30'000};

  /// The wait after a life of that length.
  std::chrono::milliseconds next(std::chrono::milliseconds lifetime) {
    if (lifetime >= k_settled) delay_ = k_shortest;
    return std::exchange(delay_, std::min(delay_ * 2, k_longest));
  }

 private:
  std::chrono::milliseconds delay_ = k_shortest;
};

}  // namespace peregrine::supervisor
