// Strings, and how values look in messages.
#include <algorithm>
#include <fmt/format.h>

#include "base/cursor.h"
#include "config/value.h"
#include "config/value_text.h"
#include "model/address.h"

namespace peregrine::config {
namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> out;
  Cursor cursor(text);
  while (!cursor.at_end()) {
    cursor.take_while([](char c) { return c == ' '; });
    BytesView word = cursor.take_while([](char c) { return c != ' '; });
    if (!word.empty()) out.emplace_back(word);
  }
  return out;
}

constexpr std::size_t k_max_name = 32;

bool is_printable(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

MaybeIssue check_hostname(const std::string& value) {
  auto canonical = canonical_domain(value);
  if (canonical && *canonical == value) return std::nullopt;
  return bad(value, "is not a host name", "write a full name such as \"mx.example.org\"");
}

MaybeIssue check_path(const std::string& value, RuleKind kind) {
  if (kind == RuleKind::absolute_path && !value.starts_with('/')) {
    return bad(value, "is not an absolute path", "write a path that starts with '/'");
  }
  return std::nullopt;
}

MaybeIssue check_name(const std::string& value) {
  bool valid = value.size() <= k_max_name && std::ranges::all_of(value, [](char c) {
                 char lower = ascii_lower(c);
                 return (lower >= 'a' && lower <= 'z') || is_ascii_digit(c) || c == '_' ||
                        c == '-' || c == '.';
               });
  if (valid && !value.starts_with('-')) return std::nullopt;
  return bad(value, "is not a name of a user or group", "write its name, such as \"peregrine\"");
}

MaybeIssue check_separator(const std::string& value) {
  if (value.empty()) return std::nullopt;
  bool valid = value.size() == 1 && value[0] > ' ' && value[0] < 0x7f && value[0] != '@' &&
               value[0] != '"' && value[0] != '\\';
  if (valid) return std::nullopt;
  return bad(value, "is not a separator", "write one character such as \"+\", or \"\" for none");
}

// Letters and digits of a number base and nothing else.
bool is_in(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

// RFC 4034 sections 2.2 and 5.3: owner, class, type, three numbers, and hexadecimal or Base64.
MaybeIssue check_trust_anchor(const std::string& value) {
  std::vector<std::string> words = split_words(value);
  auto type = std::ranges::find_if(words, [](const std::string& word) {
    return iequals(word, "DS") || iequals(word, "DNSKEY");
  });
  bool has_numbers = words.end() - type > 4;
  for (int place = 1; has_numbers && place <= 3; ++place) {
    has_numbers = parse_number(type[place], UINT16_MAX).has_value();
  }
  bool valid = has_numbers && type != words.begin() && words.front().ends_with('.');
  if (valid) {
    constexpr std::string_view k_hex = "0123456789abcdefABCDEF";
    constexpr std::string_view k_base64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    std::string_view digits = iequals(*type, "DS") ? k_hex : k_base64;
    valid = std::all_of(type + 4, words.end(),
                        [&](const std::string& word) { return is_in(word, digits); });
  }
  if (valid) return std::nullopt;
  return bad(value, "is not a trust anchor",
             "write a record such as \"corp.example. IN DS 12345 13 2 0123ABCD\"");
}

}  // namespace

std::optional<DnsList> parse_dns_list(std::string_view text) {
  std::vector<std::string> words = split_words(text);
  if (words.size() != 2) return std::nullopt;
  std::string_view weight = words[1];
  bool is_negative = weight.starts_with('-');
  auto number = parse_number(weight.substr(is_negative ? 1 : 0), k_max_list_weight);
  auto zone = canonical_domain(words[0]);
  if (!number || *number == 0 || !zone) return std::nullopt;
  int value = static_cast<int>(*number);
  return DnsList{std::move(*zone), is_negative ? -value : value};
}

Issue issue_of(ConfigProblem problem, std::string_view found, std::string_view what,
               std::string_view remedy) {
  return {problem, fmt::format("{} {}", found, what), std::string(remedy)};
}

Issue bad(std::string_view value, std::string_view what, std::string_view remedy) {
  return issue_of(ConfigProblem::bad_value, quote(value.substr(0, 80)), what, remedy);
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string join_quoted(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) out += i + 1 == words.size() ? " or " : ", ";
    out += quote(words[i]);
  }
  return out;
}

std::string describe(const RawValue& raw) {
  switch (raw.type) {
    case RawType::boolean:
      return raw.boolean ? "true" : "false";
    case RawType::integer:
      return fmt::format("{}", raw.integer);
    case RawType::string:
      return quote(std::string_view(raw.string).substr(0, 80));
    case RawType::array:
      return "a list";
    case RawType::table:
      return "a table";
    case RawType::other:
      break;
  }
  return "a date or fraction";
}

MaybeIssue check(const std::string& value, const Rule& rule) {
  if (value.size() > k_max_string || !is_printable(value)) {
    return bad(value, "is too long or has control characters", "write one line of text");
  }
  // Empty is the default of an option that is off or must be set; parse.cpp finds the latter.
  if (value.empty() && rule.kind != RuleKind::absolute_path) return std::nullopt;
  switch (rule.kind) {
    case RuleKind::hostname:
      return check_hostname(value);
    case RuleKind::absolute_path:
    case RuleKind::path:
      return check_path(value, rule.kind);
    case RuleKind::name:
      return check_name(value);
    case RuleKind::separator:
      return check_separator(value);
    case RuleKind::trust_anchor:
      return check_trust_anchor(value);
    case RuleKind::dns_list:
      if (parse_dns_list(value)) return std::nullopt;
      return bad(value, "is not a DNS list",
                 "write its zone and a weight, such as \"zen.example.org 5\"");
    case RuleKind::none:
    case RuleKind::range:
    case RuleKind::words:
      break;
  }
  return std::nullopt;
}
MaybeIssue read(const RawValue& raw, const Rule& rule, std::string& out) {
  if (raw.type != RawType::string) {
    return issue_of(ConfigProblem::wrong_type, describe(raw), "does not fit",
                    "write a string, in quotes");
  }
  std::string value = raw.string;
  if (rule.kind == RuleKind::hostname) {
    if (auto canonical = canonical_domain(value)) value = std::move(*canonical);
  }
  if (auto issue = check(value, rule)) return issue;
  out = std::move(value);
  return std::nullopt;
}
std::string write(const std::string& value, const Rule& /*rule*/) {
  return quote(value);
}
void put(Encoder& encoder, const std::string& value) {
  encoder.bytes(value);
}
void get(Decoder& decoder, std::string& out) {
  out = decoder.bytes(k_max_string);
}

}  // namespace peregrine::config
