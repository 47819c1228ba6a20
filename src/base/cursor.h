#pragma once
// Cursor: the one way in which a parser moves over received bytes. Every read is bounds-checked,
// and the nesting depth lives in the position, so that no rule of a grammar can forget it.
// A Cursor borrows its bytes: it must not outlive them.

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace peregrine {

class Cursor {
 public:
  explicit Cursor(BytesView bytes, int max_depth = 32) : bytes_(bytes), depth_left_(max_depth) {}

  [[nodiscard]] bool at_end() const { return position_ >= bytes_.size(); }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }
  [[nodiscard]] BytesView rest() const { return bytes_.substr(position_); }

  /// The byte `ahead` places on, or nothing past the end.
  [[nodiscard]] std::optional<char> peek(std::size_t ahead = 0) const {
    if (ahead >= remaining()) return std::nullopt;
    return bytes_[position_ + ahead];
  }
  [[nodiscard]] bool next_is(char c) const { return !at_end() && bytes_[position_] == c; }

  /// Takes one byte if it is `c`.
  bool skip(char c) {
    if (!next_is(c)) return false;
    ++position_;
    return true;
  }
  /// Takes `word` if the rest starts with it, ASCII letter case aside.
  bool skip_word(std::string_view word) {
    if (!istarts_with(rest(), word)) return false;
    position_ += word.size();
    return true;
  }
  /// Takes one byte, or nothing at the end.
  std::optional<char> take() {
    if (at_end()) return std::nullopt;
    return bytes_[position_++];
  }
  /// Takes exactly `n` bytes, or nothing and does not move.
  std::optional<BytesView> take(std::size_t n) {
    if (n > remaining()) return std::nullopt;
    BytesView out = bytes_.substr(position_, n);
    position_ += n;
    return out;
  }
  /// Takes bytes as long as `predicate` holds; may be empty.
  template <class Predicate>
  BytesView take_while(Predicate predicate) {
    std::size_t start = position_;
    while (!at_end() && predicate(bytes_[position_])) ++position_;
    return bytes_.substr(start, position_ - start);
  }
  /// Goes back to a position that position() gave earlier.
  void rewind(std::size_t position) {
    if (position <= position_) position_ = position;
  }

  /// Enters a nested construct; false when the depth is used up. Pair with leave().
  [[nodiscard]] bool enter() {
    if (depth_left_ <= 0) return false;
    --depth_left_;
    return true;
  }
  void leave() { ++depth_left_; }

 private:
  BytesView bytes_;
  std::size_t position_ = 0;
  int depth_left_;
};

/// An unsigned decimal number of all of `text`, at most `maximum`; nothing for an empty text, other
/// characters or a larger number. The one place where numbers from peers become integers.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum);

/// Takes one or more digits off the cursor as a number of at most `maximum`. On failure the cursor
/// does not move.
std::optional<std::uint64_t> take_number(Cursor& cursor, std::uint64_t maximum);

}  // namespace peregrine
