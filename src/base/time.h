#pragma once
// Clocks. Wall time is for dates that people see and for expiry that outlives the process; the
// monotonic clock is for deadlines.

#include <chrono>
#include <cstdint>

namespace peregrine {

using Monotonic = std::chrono::steady_clock;
using Deadline = Monotonic::time_point;

/// Seconds since 1970-01-01T00:00:00Z.
struct UnixTime {
  std::int64_t seconds = 0;
  constexpr auto operator<=>(const UnixTime&) const = default;
};

inline UnixTime wall_now() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return UnixTime{std::chrono::duration_cast<std::chrono::seconds>(now).count()};
}

inline Deadline deadline_in(std::chrono::milliseconds span) {
  return Monotonic::now() + span;
}

}  // namespace peregrine
