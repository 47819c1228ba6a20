#include "mime/header.h"

#include <algorithm>

#include "base/bytes.h"

namespace peregrine::mime {
namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view k_blanks = " \t\r\n";
  std::size_t first = text.find_first_not_of(k_blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(k_blanks) - first + 1);
}

/// The start of an mbox separator, which some programs leave at the head of a message.
bool is_mbox_line(std::string_view line) {
  if (line.starts_with('>')) line.remove_prefix(1);
  if (!line.starts_with("From ")) return false;
  std::size_t next = line.find_first_not_of(" \t", 4);
  return next != std::string_view::npos && line[next] != ':';
}

}  // namespace

bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != ':'; });
}

std::size_t HeaderReader::line_end(std::size_t start) const {
  std::size_t lf = text_.find('\n', start);
  return lf == std::string_view::npos ? text_.size() : lf + 1;
}

void HeaderReader::skip_stray_lines() {
  while (position_ < text_.size()) {
    std::size_t end = line_end(position_);
    std::string_view line = text_.substr(position_, end - position_);
    bool stray = is_blank(line.front()) || (position_ == 0 && is_mbox_line(line));
    if (!stray) return;
    defects_.add(Defect::malformed_header);
    position_ = end;
  }
}

std::optional<FieldView> HeaderReader::take_field() {
  std::size_t start = position_;
  std::size_t end = line_end(start);
  std::string_view line = without_line_end(text_.substr(start, end - start));
  if (line.empty()) {
    position_ = end;
    end_ = End::blank_line;
    return std::nullopt;
  }
  std::size_t colon = line.find(':');
  std::size_t name_end = colon;
  if (colon != std::string_view::npos) {
    while (name_end > 0 && is_blank(line[name_end - 1])) --name_end;
  }
  if (colon == std::string_view::npos || name_end == 0) {
    // RFC 5322 section 2.1: only an empty line separates header and body; without it the line is
    // taken for the body's first.
    defects_.add(Defect::malformed_header);
    end_ = End::text;
    return std::nullopt;
  }
  // RFC 5322 section 2.2.3: a line that starts with white space continues the field.
  while (end < text_.size() && is_blank(text_[end])) end = line_end(end);
  position_ = end;

  FieldView field;
  field.name = line.substr(0, name_end);
  field.raw = text_.substr(start, end - start);
  field.value = without_line_end(field.raw).substr(colon + 1);
  field.offset = start;
  // RFC 5322 section 4.5: the obsolete syntax allows white space before the colon.
  if (name_end != colon) defects_.add(Defect::space_before_colon);
  if (!is_field_name(field.name)) defects_.add(Defect::malformed_header);
  return field;
}

std::optional<FieldView> HeaderReader::next() {
  if (position_ == 0) skip_stray_lines();
  while (end_ == End::none) {
    if (position_ >= text_.size()) {
      end_ = End::input;
      break;
    }
    auto field = take_field();
    if (!field) break;
    if (fields_ >= limits_.header_fields || field->offset >= limits_.header_bytes) {
      defects_.add(Defect::over_limit);
      continue;
    }
    ++fields_;
    if (field->value.size() > limits_.field_bytes) {
      defects_.add(Defect::over_limit);
      field->value = field->value.substr(0, limits_.field_bytes);
    }
    return field;
  }
  return std::nullopt;
}

std::string unfold(std::string_view value) {
  value = trimmed(value);
  constexpr std::string_view k_breaks("\r\n\0", 3);
  std::string out;
  out.reserve(value.size());
  std::size_t i = 0;
  while (i < value.size()) {
    std::size_t end = std::min(value.find_first_of(k_breaks, i), value.size());
    out.append(value.substr(i, end - i));
    if (end == value.size()) break;
    // RFC 5322 section 2.2.3: unfolding removes the line end and keeps the white space after it.
    std::size_t after = value.find_first_not_of("\r\n", end);
    bool fold = value[end] != '\0' && after != std::string_view::npos && is_blank(value[after]);
    if (!fold) out.push_back(' ');
    i = value[end] == '\0' ? end + 1 : std::min(after, value.size());
  }
  return out;
}

}  // namespace peregrine::mime
