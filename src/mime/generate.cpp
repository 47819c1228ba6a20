#include "mime/generate.h"

#include <algorithm>

#include "base/bytes.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "text/date.h"

namespace peregrine::mime {
namespace {

// RFC 5322 section 2.1.1: lines should have at most 78 characters and must have at most 998.
constexpr std::size_t k_preferred_line = 78;
constexpr std::size_t k_longest_line = 998;
constexpr std::string_view k_blanks = " \t";

bool breaks_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

/// A name as a stranger gave it, with nothing in it that has a meaning in the field.
std::string harmless(std::string_view name) {
  constexpr std::size_t k_max_name = 255;
  std::string out(name.substr(0, k_max_name));
  for (char& c : out) {
    bool good = is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
                (c != '\0' && std::string_view(".-_:[]").contains(c));
    if (!good) c = '?';
  }
  return out;
}

/// Appends ` word value` if there is a value.
void append_clause(std::string& out, std::string_view word, std::string_view value) {
  if (value.empty()) return;
  out.append(" ").append(word).append(" ").append(value);
}

}  // namespace

std::optional<std::string> header_field(std::string_view name, std::string_view value) {
  if (!is_field_name(name) || name.size() > k_preferred_line - 2 || breaks_line(value)) {
    return std::nullopt;
  }
  std::string out(name);
  out.push_back(':');
  std::size_t column = out.size();
  std::size_t i = 0;
  while (true) {
    std::size_t word = value.find_first_not_of(k_blanks, i);
    if (word == std::string_view::npos) break;
    std::size_t end = std::min(value.find_first_of(k_blanks, word), value.size());
    std::string_view gap = value.substr(i, word - i);
    if (gap.empty() || i == 0) gap = " ";
    std::size_t width = gap.size() + end - word;
    // RFC 5322 section 2.2.3: a line may be broken before white space, which stays.
    if (column + width > k_preferred_line && i != 0) {
      out.append("\r\n");
      column = 0;
    }
    column += width;
    if (column > k_longest_line) return std::nullopt;
    out.append(gap).append(value.substr(word, end - word));
    i = end;
  }
  out.append("\r\n");
  return out;
}

std::optional<std::string> text_field(std::string_view name, std::string_view utf8) {
  if (breaks_line(utf8)) return std::nullopt;
  return header_field(name, encode_words(utf8));
}

std::optional<std::string> received_field(const ReceivedInfo& info) {
  std::string value;
  if (!info.helo.empty()) {
    append_clause(value, "from", harmless(info.helo));
    std::string peer = harmless(info.peer_name);
    if (!info.peer_address.empty()) {
      peer.append(peer.empty() ? "[" : " [").append(harmless(info.peer_address)).append("]");
    }
    if (!peer.empty()) value.append(" (").append(peer).append(")");
  }
  append_clause(value, "by", info.by);
  append_clause(value, "with", info.with);
  if (!info.tls.empty()) value.append(" (").append(info.tls).append(")");
  append_clause(value, "id", info.id);
  if (!info.for_recipient.empty()) {
    value.append(" for <").append(info.for_recipient).append(">");
  }
  value.append("; ").append(text::write_message_date(info.time, info.zone_minutes));
  return header_field("Received", value);
}

}  // namespace peregrine::mime
