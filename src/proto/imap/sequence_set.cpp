#include "proto/imap/sequence_set.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace peregrine::imap {

NumberSet::NumberSet(std::vector<NumberRange> ranges) {
  for (auto& range : ranges) {
    if (range.first > range.last) std::swap(range.first, range.last);
  }
  auto first = [](const NumberRange& range) { return range.first; };
  if (!std::ranges::is_sorted(ranges, {}, first)) std::ranges::sort(ranges, {}, first);
  // Merges in place: the ranges before `used` are final.
  std::size_t used = 0;
  for (const auto& range : ranges) {
    if (used > 0) {
      auto& back = ranges[used - 1];
      // back.last + 1 would wrap at the largest number.
      if (range.first <= back.last || range.first - back.last == 1) {
        back.last = std::max(back.last, range.last);
        continue;
      }
    }
    ranges[used++] = range;
  }
  ranges.resize(used);
  ranges_ = std::move(ranges);
}

bool NumberSet::contains(std::uint32_t number) const {
  auto at = std::ranges::lower_bound(ranges_, number, {}, &NumberRange::last);
  return at != ranges_.end() && at->first <= number;
}

std::uint64_t NumberSet::count() const {
  std::uint64_t total = 0;
  for (const auto& range : ranges_) total += std::uint64_t{range.last} - range.first + 1;
  return total;
}

void NumberSet::add(NumberRange range) {
  if (range.first > range.last) std::swap(range.first, range.last);
  if (ranges_.empty() || range.first > ranges_.back().last) {
    if (!ranges_.empty() && range.first - ranges_.back().last == 1) {
      ranges_.back().last = range.last;
    } else {
      ranges_.push_back(range);
    }
    return;
  }
  auto& back = ranges_.back();
  if (range.first >= back.first) {
    back.last = std::max(back.last, range.last);
    return;
  }
  auto all = std::move(ranges_);
  all.push_back(range);
  *this = NumberSet(std::move(all));
}

NumberSet NumberSet::clipped(NumberRange bounds) const {
  NumberSet out;
  auto at = std::ranges::lower_bound(ranges_, bounds.first, {}, &NumberRange::last);
  for (; at != ranges_.end() && at->first <= bounds.last; ++at) {
    out.ranges_.push_back({std::max(at->first, bounds.first), std::min(at->last, bounds.last)});
  }
  return out;
}

SequenceSet SequenceSet::saved_result() {
  SequenceSet set;
  set.saved_result_ = true;
  return set;
}

void SequenceSet::add_to_star(std::uint32_t number) {
  star_low_ = has_star_ && star_low_ != 0 ? std::min(star_low_, number) : number;
  star_high_ = std::max(star_high_, number);
  has_star_ = true;
}

NumberSet SequenceSet::resolve(std::uint32_t largest) const {
  NumberSet out = numbers_;
  if (!has_star_ || largest == 0) return out;
  NumberRange star{largest, largest};
  if (star_low_ != 0) {
    // RFC 9051 section 9: 3291:* includes the last message even if 3291 is more than its UID.
    star.first = std::min(star_low_, largest);
    star.last = std::max(star_high_, largest);
  }
  out.add(star);
  return out;
}

}  // namespace peregrine::imap
