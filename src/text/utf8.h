#pragma once
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. Text is
// validated once, where it enters (V22); these functions take any bytes and never fail on them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace peregrine::text {

inline constexpr char32_t k_replacement_character = 0xFFFD;

/// One code point read at a position. Of an invalid sequence `value` is U+FFFD and `size` the
/// length of its longest part that could begin a character, at least 1.
struct CodePoint {
  char32_t value = 0;
  std::uint8_t size = 1;
  bool valid = false;
};

/// Reads the code point at `position`, which must be inside `text`.
CodePoint decode_utf8(std::string_view text, std::size_t position);

/// Appends a code point; surrogates and values past U+10FFFF become U+FFFD.
void append_utf8(std::string& out, char32_t code_point);

bool is_ascii(std::string_view text);
bool is_valid_utf8(std::string_view text);

/// The text with every invalid sequence replaced by U+FFFD, at most `max_bytes` long, cut between
/// characters.
std::string replace_invalid_utf8(std::string_view text, std::size_t max_bytes = SIZE_MAX);

/// The longest prefix of at most `max_bytes` that does not end inside a character.
std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes);

}  // namespace peregrine::text
