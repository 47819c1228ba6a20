#pragma once
// System flags and keywords of a mailbox entry (RFC 9051 section 2.3.2).

#include <cstdint>
#include <string>
#include <vector>

namespace peregrine {

/// Never renumber: stored, and sent between processes.
enum class Flag : std::uint8_t {
  seen = 1 << 0,
  answered = 1 << 1,
  flagged = 1 << 2,
  deleted = 1 << 3,
  draft = 1 << 4,
};

/// A set of system flags.
struct FlagSet {
  std::uint8_t bits = 0;
  [[nodiscard]] constexpr bool has(Flag flag) const {
    return (bits & static_cast<std::uint8_t>(flag)) != 0;
  }
  constexpr FlagSet& add(Flag flag) {
    bits = static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(flag));
    return *this;
  }
  constexpr FlagSet& remove(Flag flag) {
    bits = static_cast<std::uint8_t>(bits & ~static_cast<unsigned>(flag));
    return *this;
  }
  constexpr auto operator<=>(const FlagSet&) const = default;
};

inline constexpr std::uint8_t k_all_flag_bits = 0x1f;

/// Keywords are kept in lower case; a mailbox holds at most this many different ones.
inline constexpr std::size_t k_max_keywords = 64;
inline constexpr std::size_t k_max_keyword_bytes = 100;

/// How STORE changes flags (RFC 9051 section 6.4.6). Never renumber: sent between processes.
enum class FlagChange : std::uint8_t { replace = 0, add = 1, remove = 2 };

}  // namespace peregrine
