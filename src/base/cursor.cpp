#include "base/cursor.h"

namespace peregrine {

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t maximum) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (!is_ascii_digit(c)) return std::nullopt;
    auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > maximum / 10) return std::nullopt;
    value *= 10;
    if (digit > maximum - value) return std::nullopt;
    value += digit;
  }
  return value;
}

std::optional<std::uint64_t> take_number(Cursor& cursor, std::uint64_t maximum) {
  std::size_t start = cursor.position();
  auto value = parse_number(cursor.take_while(is_ascii_digit), maximum);
  if (!value) cursor.rewind(start);
  return value;
}

}  // namespace peregrine
