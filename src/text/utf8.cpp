#include "text/utf8.h"

#include <algorithm>

namespace peregrine::text {
namespace {

/// What may follow a lead byte: how many continuation bytes, and the range of the first of them.
struct Lead {
  std::uint8_t continuations = 0;
  std::uint8_t low = 0x80, high = 0xBF;
};

// RFC 3629 section 4: the ABNF of UTF8-2, UTF8-3 and UTF8-4.
constexpr Lead lead_of(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {1};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {};
}

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

/// The number of bytes from `position` on that are ASCII.
std::size_t ascii_run(std::string_view text, std::size_t position) {
  constexpr std::size_t k_block = 32;
  std::size_t i = position;
  while (text.size() - i >= k_block) {
    std::uint8_t any = 0;
    for (char c : text.substr(i, k_block)) any |= static_cast<std::uint8_t>(c);
    if ((any & 0x80) != 0) break;
    i += k_block;
  }
  while (i < text.size() && byte_at(text, i) < 0x80) ++i;
  return i - position;
}

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t position) {
  std::uint8_t first = byte_at(text, position);
  if (first < 0x80) return {first, 1, true};
  Lead lead = lead_of(first);
  if (lead.continuations == 0) return {k_replacement_character, 1, false};
  char32_t value = first & (0x3FU >> lead.continuations);
  for (std::uint8_t n = 1; n <= lead.continuations; ++n) {
    std::size_t i = position + n;
    std::uint8_t low = n == 1 ? lead.low : std::uint8_t{0x80};
    std::uint8_t high = n == 1 ? lead.high : std::uint8_t{0xBF};
    if (i >= text.size() || byte_at(text, i) < low || byte_at(text, i) > high) {
      return {k_replacement_character, n, false};
    }
    value = value << 6 | (byte_at(text, i) & 0x3FU);
  }
  return {value, static_cast<std::uint8_t>(lead.continuations + 1), true};
}

void append_utf8(std::string& out, char32_t c) {
  if ((c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) c = k_replacement_character;
  auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

bool is_ascii(std::string_view text) {
  return ascii_run(text, 0) == text.size();
}

bool is_valid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    i += ascii_run(text, i);
    while (i < text.size() && byte_at(text, i) >= 0x80) {
      CodePoint point = decode_utf8(text, i);
      if (!point.valid) return false;
      i += point.size;
    }
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text, std::size_t max_bytes) {
  std::string out;
  out.reserve(std::min(text.size(), max_bytes));
  std::size_t i = 0;
  while (i < text.size() && out.size() < max_bytes) {
    std::size_t run = std::min(ascii_run(text, i), max_bytes - out.size());
    out.append(text.substr(i, run));
    i += run;
    while (i < text.size() && byte_at(text, i) >= 0x80) {
      CodePoint point = decode_utf8(text, i);
      std::size_t needed = point.valid ? point.size : 3;
      if (needed > max_bytes - out.size()) return out;
      append_utf8(out, point.value);
      i += point.size;
    }
  }
  return out;
}

std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  // A character has at most three continuation bytes; more of them are no character to keep whole.
  for (int back = 0; back < 3 && end > 0 && (byte_at(text, end) & 0xC0) == 0x80; ++back) --end;
  if ((byte_at(text, end) & 0xC0) == 0x80) end = max_bytes;
  return text.substr(0, end);
}

}  // namespace peregrine::text
