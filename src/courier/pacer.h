#pragma once
// Pacer: messages to a place at even intervals, where the configuration has a rate.

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "base/time.h"

namespace peregrine::courier {

class Pacer {
 public:
  /// Takes the next turn at `place`, and says when that is.
  Deadline take(const std::string& place, std::uint32_t messages_per_minute, Deadline now) {
    if (next_.size() >= k_most) {
      std::erase_if(next_, [&](const auto& entry) { return entry.second <= now; });
    }
    Deadline& next = next_.try_emplace(place, now).first->second;
    Deadline turn = std::max(next, now);
    next = turn + std::chrono::duration_cast<Deadline::duration>(std::chrono::minutes(1)) /
                      messages_per_minute;
    return turn;
  }

 private:
  static constexpr std::size_t k_most = 10'000;
  std::map<std::string, Deadline> next_;  // the first free turn
};

}  // namespace peregrine::courier
