#pragma once
// Sets of message sequence numbers or UIDs (RFC 9051 section 4.1.1). NumberSet is a set of numbers
// as sorted, disjoint ranges; SequenceSet is what a client wrote, which may hold `*` and becomes a
// NumberSet once the largest number is known. Plain values; work and memory grow with the text.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace peregrine::imap {

struct NumberRange {
  std::uint32_t first = 0;  ///< inclusive
  std::uint32_t last = 0;   ///< inclusive, not less than `first`
  bool operator==(const NumberRange&) const = default;
};

class NumberSet {
 public:
  NumberSet() = default;
  /// Sorts and merges; each range in either order.
  explicit NumberSet(std::vector<NumberRange> ranges);

  [[nodiscard]] bool contains(std::uint32_t number) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t count() const;
  /// Of a set that is not empty.
  [[nodiscard]] std::uint32_t smallest() const { return ranges_.front().first; }
  [[nodiscard]] std::uint32_t largest() const { return ranges_.back().last; }
  /// Ascending, with a gap between each and the next.
  [[nodiscard]] std::span<const NumberRange> ranges() const { return ranges_; }
  /// Adds a number; cheap when numbers come in ascending order.
  void add(std::uint32_t number) { add(NumberRange{number, number}); }
  void add(NumberRange range);
  /// The numbers that lie in `bounds` too. A client may name four billion UIDs in nine bytes:
  /// walk over what exists and ask contains(), or clip first.
  [[nodiscard]] NumberSet clipped(NumberRange bounds) const;

  bool operator==(const NumberSet&) const = default;

 private:
  std::vector<NumberRange> ranges_;
};

class SequenceSet {
 public:
  SequenceSet() = default;
  /// The set `$`: the result of the last SEARCH with SAVE (RFC 9051 section 6.4.4.1).
  static SequenceSet saved_result();

  void add(NumberRange range) { fixed_.push_back(range); }
  void add_star() { has_star_ = true; }
  /// `number:*` or `*:number`, which mean the same.
  void add_to_star(std::uint32_t number);
  /// Sorts and merges what was added. Call before the questions below.
  void finish() { numbers_ = NumberSet(std::move(fixed_)); }

  [[nodiscard]] bool is_saved_result() const { return saved_result_; }
  [[nodiscard]] bool has_star() const { return has_star_; }
  /// The numbers meant when `largest` is the largest in use. With no message at all (0), `*` means
  /// nothing. The numbers the client wrote as such stay, even above `largest`.
  [[nodiscard]] NumberSet resolve(std::uint32_t largest) const;

  bool operator==(const SequenceSet&) const = default;

 private:
  std::vector<NumberRange> fixed_;
  NumberSet numbers_;
  bool saved_result_ = false;
  bool has_star_ = false;
  // The smallest and largest n of all `n:*`; 0 when there is none.
  std::uint32_t star_low_ = 0;
  std::uint32_t star_high_ = 0;
};

}  // namespace peregrine::imap
