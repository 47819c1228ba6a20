#pragma once
// ReceiveRate: whether a message comes fast enough. Each window of time must bring its bytes, or
// the sender is cut off, however much it sent before: an average would let a fast beginning pay for
// hours of holding what has come.

#include <cstdint>

#include "base/time.h"

namespace peregrine::role {

inline constexpr std::chrono::seconds k_rate_window{60};

class ReceiveRate {
 public:
  /// The rate is limits.data_rate.
  ReceiveRate(std::uint64_t bytes_a_second, Deadline now)
      : window_bytes_(bytes_a_second * static_cast<std::uint64_t>(k_rate_window.count())),
        begin_(now) {}

  void take(std::uint64_t bytes, Deadline now) {
    received_ += bytes;
    if (received_ < window_bytes_) return;
    received_ = 0;
    begin_ = now;
  }
  /// When the sender is too slow, unless more comes.
  [[nodiscard]] Deadline deadline() const { return begin_ + k_rate_window; }

 private:
  std::uint64_t window_bytes_;
  std::uint64_t received_ = 0;
  Deadline begin_;
};

}  // namespace peregrine::role
