#include "proto/imap/writer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "proto/imap/chars.h"

namespace peregrine::imap {

namespace {

enum class Form : std::uint8_t { plain, escaped, literal };

Form form_of(BytesView text) {
  if (text.size() > k_max_quoted_bytes) return Form::literal;
  // One pass without branches on the bytes: most strings are plain.
  unsigned missing = 0;
  for (char c : text) {
    missing |= static_cast<unsigned>(~k_char_table[static_cast<unsigned char>(c)]);
  }
  if ((missing & k_plain_char) == 0) return Form::plain;
  bool quotable = std::ranges::all_of(
      text, [](char c) { return is_in(k_plain_char, c) || c == '"' || c == '\\' || c == '\t'; });
  return quotable ? Form::escaped : Form::literal;
}

void write_escaped(std::string& out, BytesView text) {
  out += '"';
  for (char c : text) {
    // RFC 9051 section 9: quoted-specials stand behind a backslash.
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

bool is_atom(BytesView text) {
  return !text.empty() && all_in(k_atom_char, text);
}

void write_range(std::string& out, std::uint32_t first, std::uint32_t last) {
  write_number(out, first);
  if (last == first) return;
  out += ':';
  write_number(out, last);
}

}  // namespace

void write_number(std::string& out, std::uint64_t number) {
  char digits[20];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

void write_string(std::string& out, BytesView text) {
  switch (form_of(text)) {
    case Form::plain:
      out += '"';
      out += text;
      out += '"';
      break;
    case Form::escaped:
      write_escaped(out, text);
      break;
    case Form::literal:
      write_literal(out, text);
      break;
  }
}

void write_nstring(std::string& out, const std::optional<std::string>& text) {
  // RFC 9051 section 4.5: NIL is the absence of a string, which "" is not.
  if (text) {
    write_string(out, *text);
  } else {
    out += "NIL";
  }
}

void write_astring(std::string& out, BytesView text) {
  if (is_atom(text) && text.size() <= k_max_quoted_bytes && !iequals(text, "NIL")) {
    out += text;
  } else {
    write_string(out, text);
  }
}

void write_literal(std::string& out, BytesView data) {
  write_literal_header(out, data.size());
  std::size_t start = out.size();
  out += data;
  // RFC 9051 section 9: a literal is of CHAR8, which has no NUL.
  if (data.find('\0') != BytesView::npos) {
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), '\0', '?');
  }
}

void write_literal_header(std::string& out, std::uint64_t bytes) {
  out += '{';
  write_number(out, bytes);
  out += "}\r\n";
}

void write_atom(std::string& out, BytesView text) {
  for (char c : text) out += is_in(k_atom_char, c) ? c : '?';
  if (text.empty()) out += '?';
}

void write_text(std::string& out, std::string_view text) {
  for (char c : text) out += c >= ' ' && c < '\x7f' ? c : '?';
}

void write_flag_list(std::string& out, FlagSet flags, std::span<const std::string> keywords) {
  static constexpr std::pair<Flag, std::string_view> k_names[] = {{Flag::seen, "\\Seen"},
                                                                  {Flag::answered, "\\Answered"},
                                                                  {Flag::flagged, "\\Flagged"},
                                                                  {Flag::deleted, "\\Deleted"},
                                                                  {Flag::draft, "\\Draft"}};
  out += '(';
  std::string_view separator;
  auto add = [&](std::string_view name) {
    out += separator;
    out += name;
    separator = " ";
  };
  for (const auto& [flag, name] : k_names) {
    if (flags.has(flag)) add(name);
  }
  for (const auto& keyword : keywords) {
    if (is_atom(keyword)) add(keyword);
  }
  out += ')';
}

void write_number_set(std::string& out, const NumberSet& set) {
  bool first = true;
  for (const auto& range : set.ranges()) {
    if (!first) out += ',';
    first = false;
    write_range(out, range.first, range.last);
  }
}

void write_uid_set(std::string& out, std::span<const Uid> uids) {
  for (std::size_t at = 0; at < uids.size();) {
    std::size_t end = at + 1;
    while (end < uids.size() && uids[end].value > uids[end - 1].value &&
           uids[end].value - uids[end - 1].value == 1) {
      ++end;
    }
    if (at > 0) out += ',';
    write_range(out, uids[at].value, uids[end - 1].value);
    at = end;
  }
}

}  // namespace peregrine::imap
