#include "text/mutf7.h"

#include <cstdint>

#include "text/base64.h"
#include "text/utf8.h"

namespace peregrine::text {
namespace {

bool is_direct(char32_t c) {
  return c >= 0x20 && c <= 0x7E && c != '&';
}

void append_utf16(std::string& out, char32_t unit) {
  out.push_back(static_cast<char>(unit >> 8));
  out.push_back(static_cast<char>(unit & 0xFF));
}

/// Ends a shift: `utf16` in modified base 64, between '&' and '-'.
void flush_shift(std::string& utf16, std::string& out) {
  if (utf16.empty()) return;
  std::string digits = base64_encode(utf16);
  // RFC 3501 section 5.1.3: "," is used instead of "/", and there is no padding.
  while (digits.ends_with('=')) digits.pop_back();
  for (char& c : digits) c = c == '/' ? ',' : c;
  out.append("&").append(digits).append("-");
  utf16.clear();
}

/// The UTF-16 bytes of one shift's digits; nothing if they are not canonical.
std::optional<std::string> shifted_bytes(std::string_view digits) {
  if (digits.find_first_of("/=") != std::string_view::npos) return std::nullopt;
  std::string plain(digits);
  for (char& c : plain) c = c == ',' ? '/' : c;
  plain.append((4 - plain.size() % 4) % 4, '=');
  return base64_decode(plain);
}

/// Appends what one shift says; false unless it is well formed and was needed.
bool append_shift(std::string_view digits, std::string& out) {
  auto bytes = shifted_bytes(digits);
  if (!bytes || bytes->empty() || bytes->size() % 2 != 0) return false;
  auto unit_at = [&bytes](std::size_t i) -> char32_t {
    return static_cast<char32_t>(static_cast<unsigned char>((*bytes)[i]) << 8 |
                                 static_cast<unsigned char>((*bytes)[i + 1]));
  };
  for (std::size_t i = 0; i < bytes->size(); i += 2) {
    char32_t c = unit_at(i);
    if (c >= 0xD800 && c <= 0xDBFF && i + 2 < bytes->size()) {
      char32_t low = unit_at(i + 2);
      if (low < 0xDC00 || low > 0xDFFF) return false;
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      i += 2;
    }
    if (c >= 0xD800 && c <= 0xDFFF) return false;
    // RFC 3501 section 5.1.3: modified base 64 must not stand for printable ASCII.
    if (c >= 0x20 && c <= 0x7E) return false;
    append_utf8(out, c);
  }
  return true;
}

}  // namespace

std::optional<std::string> mutf7_to_utf8(std::string_view name) {
  std::string out;
  bool after_shift = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '&') {
      if (!is_direct(static_cast<unsigned char>(name[i]))) return std::nullopt;
      out.push_back(name[i]);
      after_shift = false;
      continue;
    }
    std::size_t end = name.find('-', i);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view digits = name.substr(i + 1, end - i - 1);
    if (digits.empty()) {
      out.push_back('&');
      after_shift = false;
    } else {
      // RFC 3501 section 5.1.3: null shifts ("-&" while in base 64) are not permitted.
      if (after_shift || !append_shift(digits, out)) return std::nullopt;
      after_shift = true;
    }
    i = end;
  }
  return out;
}

std::optional<std::string> utf8_to_mutf7(std::string_view name) {
  std::string out, utf16;
  for (std::size_t i = 0; i < name.size();) {
    CodePoint point = decode_utf8(name, i);
    if (!point.valid) return std::nullopt;
    i += point.size;
    if (is_direct(point.value) || point.value == '&') {
      flush_shift(utf16, out);
      out.push_back(static_cast<char>(point.value));
      if (point.value == '&') out.push_back('-');
    } else if (point.value < 0x10000) {
      append_utf16(utf16, point.value);
    } else {
      append_utf16(utf16, 0xD800 + ((point.value - 0x10000) >> 10));
      append_utf16(utf16, 0xDC00 + ((point.value - 0x10000) & 0x3FF));
    }
  }
  flush_shift(utf16, out);
  return out;
}

}  // namespace peregrine::text
