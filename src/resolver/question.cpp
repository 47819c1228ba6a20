#include "resolver/question.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace peregrine::resolver {
namespace {

struct Named {
  RecordType type;
  std::string_view name;
};

constexpr std::array k_types = {
    Named{RecordType::a, "A"},         Named{RecordType::ns, "NS"},
    Named{RecordType::cname, "CNAME"}, Named{RecordType::soa, "SOA"},
    Named{RecordType::ptr, "PTR"},     Named{RecordType::mx, "MX"},
    Named{RecordType::txt, "TXT"},     Named{RecordType::aaaa, "AAAA"},
    Named{RecordType::srv, "SRV"},     Named{RecordType::tlsa, "TLSA"},
};

// RFC 1035 section 2.3.4: 255 octets on the wire, which are 253 characters of text.
constexpr std::size_t k_longest_name = 253;
constexpr std::size_t k_longest_label = 63;

bool is_label_character(char c) {
  char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || is_ascii_digit(c) || c == '-' || c == '_' || c == '/';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= k_longest_label &&
         std::ranges::all_of(label, is_label_character);
}

}  // namespace

std::optional<RecordType> record_type(std::uint32_t number) {
  for (const Named& each : k_types) {
    if (static_cast<std::uint32_t>(each.type) == number) return each.type;
  }
  return std::nullopt;
}

std::optional<RecordType> record_type(std::string_view word) {
  for (const Named& each : k_types) {
    if (iequals(each.name, word)) return each.type;
  }
  return std::nullopt;
}

std::string_view type_name(RecordType type) {
  for (const Named& each : k_types) {
    if (each.type == type) return each.name;
  }
  return "?";
}

std::optional<std::string> question_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > k_longest_name) return std::nullopt;
  std::string_view rest = name;
  while (true) {
    std::size_t dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) return std::nullopt;
    if (dot == std::string_view::npos) return ascii_lower(name);
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace peregrine::resolver
