#include "proto/sts/policy.h"

#include <algorithm>

#include "base/cursor.h"

namespace peregrine::sts {
namespace {

// RFC 8461 section 3.2: max_age has an upper limit of 31557600.
constexpr std::uint64_t k_most_seconds = 31'557'600;
constexpr std::size_t k_max_id = 32;
constexpr std::size_t k_max_pattern = 255;

bool is_letter_or_digit(char c) {
  char lower = ascii_lower(c);
  return is_ascii_digit(c) || (lower >= 'a' && lower <= 'z');
}

BytesView trimmed(BytesView text) {
  constexpr BytesView k_blank = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(k_blank), text.size()));
  return text.substr(0, text.find_last_not_of(k_blank) + 1);
}

/// The part of `text` before `separator`, taken off it with the separator.
BytesView take_part(BytesView& text, char separator) {
  std::size_t end = std::min(text.find(separator), text.size());
  BytesView part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

bool is_pattern(std::string_view pattern) {
  std::string_view name = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
  return !name.empty() && pattern.size() <= k_max_pattern && !name.starts_with('.') &&
         !name.ends_with('.') && std::ranges::all_of(name, [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '.';
         });
}

struct Fields {
  std::optional<BytesView> version, mode, max_age;
  std::vector<std::string> mx;
};

// RFC 8461 section 3.2: of a field that is there twice, except mx, the first one counts.
bool take_field(BytesView line, Fields& out) {
  std::size_t colon = line.find(':');
  if (colon == BytesView::npos) return false;
  BytesView name = trimmed(line.substr(0, colon));
  BytesView value = trimmed(line.substr(colon + 1));
  if (name == "version" && !out.version) out.version = value;
  if (name == "mode" && !out.mode) out.mode = value;
  if (name == "max_age" && !out.max_age) out.max_age = value;
  if (name != "mx") return true;
  out.mx.push_back(ascii_lower(value));
  return is_pattern(out.mx.back()) && out.mx.size() <= k_most_patterns;
}

std::optional<Mode> read_mode(BytesView text) {
  if (text == "enforce") return Mode::enforce;
  if (text == "testing") return Mode::testing;
  if (text == "none") return Mode::none;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> parse_record(BytesView text) {
  if (trimmed(take_part(text, ';')) != "v=STSv1") return std::nullopt;
  while (!text.empty()) {
    BytesView field = trimmed(take_part(text, ';'));
    if (!field.starts_with("id=")) continue;
    BytesView id = trimmed(field.substr(3));
    bool valid =
        !id.empty() && id.size() <= k_max_id && std::ranges::all_of(id, is_letter_or_digit);
    return valid ? std::optional<std::string>(id) : std::nullopt;
  }
  return std::nullopt;
}

bool Policy::matches(std::string_view host) const {
  return std::ranges::any_of(mx, [host](const std::string& pattern) {
    if (!pattern.starts_with("*.")) return pattern == host;
    std::size_t dot = host.find('.');
    return dot != std::string_view::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
  });
}

std::optional<Policy> parse_policy(BytesView text) {
  Fields fields;
  while (!text.empty()) {
    BytesView line = trimmed(take_part(text, '\n'));
    if (!line.empty() && !take_field(line, fields)) return std::nullopt;
  }
  if (fields.version != "STSv1" || !fields.mode || !fields.max_age) return std::nullopt;
  auto mode = read_mode(*fields.mode);
  auto max_age = parse_number(*fields.max_age, 9'999'999'999);
  if (!mode || !max_age) return std::nullopt;
  if (*mode != Mode::none && fields.mx.empty()) return std::nullopt;
  auto seconds = static_cast<std::uint32_t>(std::min(*max_age, k_most_seconds));
  return Policy{*mode, std::move(fields.mx), seconds};
}

}  // namespace peregrine::sts
