#pragma once
// How slowly a message may come (V42).

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace peregrine::smtpd {

/// limits.data_rate is asked for once this time is over.
inline constexpr std::chrono::seconds k_slow_start{30};

/// When a message of which `received` octets have come since `start` is too slow.
inline Deadline rate_deadline(Deadline start, std::uint64_t received,
                              std::uint64_t octets_a_second) {
  return start + k_slow_start + std::chrono::seconds(received / octets_a_second);
}

}  // namespace peregrine::smtpd
