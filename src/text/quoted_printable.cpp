#include "text/quoted_printable.h"

#include <algorithm>
#include <optional>

namespace peregrine::text {
namespace {

constexpr std::size_t k_max_line = 76;

int hex_value(char c) {
  if (is_ascii_digit(c)) return c - '0';
  c = ascii_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The byte that an escape "=XX" at the start of `text` stands for.
std::optional<char> escaped_byte(std::string_view text) {
  if (text.size() < 3) return std::nullopt;
  int high = hex_value(text[1]), low = hex_value(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high << 4 | low);
}

std::string_view without_trailing_blanks(std::string_view line) {
  std::size_t last = line.find_last_not_of(" \t");
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

void append_bounded(Bytes& out, std::string_view bytes, std::size_t max_bytes) {
  out.append(bytes.substr(0, max_bytes - std::min(max_bytes, out.size())));
}

/// Decodes one line without its end; true when the line ends in a soft break.
bool decode_line(std::string_view line, Bytes& out, std::size_t max_bytes) {
  // RFC 2045 section 6.7 rule 3: white space at the end of a line was added on the way.
  line = without_trailing_blanks(line);
  std::size_t i = 0;
  while (i < line.size()) {
    std::size_t equals = std::min(line.find('=', i), line.size());
    append_bounded(out, line.substr(i, equals - i), max_bytes);
    if (equals == line.size()) return false;
    if (equals + 1 == line.size()) return true;
    auto byte = escaped_byte(line.substr(equals));
    char plain = byte.value_or('=');
    append_bounded(out, std::string_view(&plain, 1), max_bytes);
    i = equals + (byte ? 3 : 1);
  }
  return false;
}

void append_escape(Bytes& out, char c) {
  static constexpr std::string_view k_digits = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(c);
  out.push_back('=');
  out.push_back(k_digits[byte >> 4]);
  out.push_back(k_digits[byte & 15]);
}

void encode_line(BytesView line, Bytes& out) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    bool last = i + 1 == line.size();
    bool blank_at_end = last && (c == ' ' || c == '\t');
    bool literal = (c >= ' ' && c <= '~' && c != '=') || c == '\t';
    std::size_t width = literal && !blank_at_end ? 1 : 3;
    // One column stays free for the "=" of a soft break.
    if (column + width > k_max_line - 1) {
      out.append("=\r\n");
      column = 0;
    }
    if (width == 1) {
      out.push_back(c);
    } else {
      append_escape(out, c);
    }
    column += width;
  }
}

}  // namespace

Bytes quoted_printable_decode(std::string_view encoded, std::size_t max_bytes) {
  Bytes out;
  out.reserve(std::min(encoded.size(), max_bytes));
  std::size_t i = 0;
  while (i < encoded.size() && out.size() < max_bytes) {
    std::size_t end = std::min(encoded.find('\n', i), encoded.size());
    bool ended = end < encoded.size();
    bool crlf = ended && end > i && encoded[end - 1] == '\r';
    bool soft = decode_line(encoded.substr(i, end - i - (crlf ? 1 : 0)), out, max_bytes);
    if (ended && !soft) append_bounded(out, crlf ? "\r\n" : "\n", max_bytes);
    i = end + 1;
  }
  return out;
}

Bytes quoted_printable_encode(BytesView text) {
  Bytes out;
  out.reserve(text.size() + text.size() / 8);
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t end = std::min(text.find("\r\n", i), text.size());
    encode_line(text.substr(i, end - i), out);
    if (end < text.size()) out.append("\r\n");
    i = end + 2;
  }
  return out;
}

Bytes q_decode(std::string_view encoded) {
  Bytes out;
  out.reserve(encoded.size());
  std::size_t i = 0;
  while (i < encoded.size()) {
    char c = encoded[i];
    auto byte = c == '=' ? escaped_byte(encoded.substr(i)) : std::nullopt;
    // RFC 2047 section 4.2: "_" stands for the byte 0x20, whatever the charset.
    out.push_back(byte.value_or(c == '_' ? ' ' : c));
    i += byte ? 3 : 1;
  }
  return out;
}

}  // namespace peregrine::text
