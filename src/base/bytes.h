#pragma once
// Byte sequences as the rest of the program names them. Text and bytes share one representation,
// std::string: a NUL is data and never a terminator.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace peregrine {

using Bytes = std::string;
using BytesView = std::string_view;

/// 64 KiB and the like, spelled as people say it.
constexpr std::size_t kib(std::size_t n) {
  return n * 1024;
}
constexpr std::size_t mib(std::size_t n) {
  return n * 1024 * 1024;
}

/// ASCII case folding; bytes from 0x80 on are left alone.
constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr char ascii_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
constexpr bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string ascii_lower(std::string_view text);
std::string ascii_upper(std::string_view text);

/// True when the two are equal but for ASCII letter case.
bool iequals(std::string_view a, std::string_view b);

/// True when `text` starts with `prefix`, ASCII letter case aside.
bool istarts_with(std::string_view text, std::string_view prefix);

/// Lower-case hexadecimal of each byte.
std::string to_hex(BytesView bytes);

}  // namespace peregrine
