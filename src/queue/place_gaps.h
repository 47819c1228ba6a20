#pragma once
// PlaceGaps: for each destination a range in which it has no place. A place that is taken moves to
// its lease's end and goes from there, and what is deleted stays in the store's way until it is
// written out: a walk to a destination's first place leaves the range out. Only an aid, and only as
// good as the commits that it was told of: forget() when one may have failed.

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "queue/keys.h"

namespace peregrine::queue {

class PlaceGaps {
 public:
  static constexpr Row k_no_end{{std::numeric_limits<std::int64_t>::max()}, {}, 0};

  /// No place is in [begin, end).
  struct Gap {
    Row begin;
    Row end;
    [[nodiscard]] bool has(const Row& row) const { return begin <= row && row < end; }
    /// How much it is worth. What has no end has few rows in it: the longest lease ends there.
    [[nodiscard]] std::int64_t span() const {
      return end == k_no_end ? k_open_span : end.time.seconds - begin.time.seconds;
    }
  };

  [[nodiscard]] std::optional<Gap> of(const std::string& destination) const {
    auto found = gaps_.find(destination);
    return found == gaps_.end() ? std::nullopt : std::optional(found->second);
  }

  /// A walk from `from` on met `first`, or nothing: k_no_end.
  void learn(const std::string& destination, const Row& from, const Row& first) {
    if (first <= from) return;
    if (gaps_.size() >= k_most) gaps_.clear();
    Gap walked{from, first};
    auto [place, is_new] = gaps_.try_emplace(destination, walked);
    Gap& known = place->second;
    if (is_new) return;
    if (walked.begin <= known.end && known.begin <= walked.end) {
      known = {std::min(known.begin, walked.begin), std::max(known.end, walked.end)};
    } else if (walked.span() >= known.span()) {
      known = walked;
    }
  }

  /// A place is made: the longer side of it stays known.
  void add(const std::string& destination, const Row& row) {
    auto found = gaps_.find(destination);
    if (found == gaps_.end() || !found->second.has(row)) return;
    Gap below{found->second.begin, row};
    Gap above{{row.time, row.message, row.index + 1}, found->second.end};
    found->second = below.span() > above.span() ? below : above;
  }

  void forget() { gaps_.clear(); }

 private:
  static constexpr std::size_t k_most = 10'000;
  // Less than the shortest lease, more than between two messages of a busy destination.
  static constexpr std::int64_t k_open_span = 30;
  std::map<std::string, Gap> gaps_;
};

}  // namespace peregrine::queue
