#pragma once
// Rule: what an option's value must obey beyond its type. Every number has a compiled-in ceiling
// (V50): there is no value that means "unlimited".

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "config/types.h"

namespace peregrine::config {

enum class RuleKind : std::uint8_t {
  none,
  range,          ///< minimum…maximum of a number, in bytes or in milliseconds
  words,          ///< one of, or several of, `words`
  hostname,       ///< a domain name in canonical form
  absolute_path,  ///< a path that starts with '/'
  path,           ///< a path; a relative one starts at server.data_directory
  name,           ///< a user's or group's name, or empty
  separator,      ///< one printable ASCII character, or empty
  trust_anchor,   ///< a DS or DNSKEY record in a zone file's spelling
  dns_list,       ///< a domain name and a weight
};

struct Rule {
  RuleKind kind = RuleKind::none;
  std::uint64_t minimum = 0;
  std::uint64_t maximum = 0;
  std::string_view unit;
  std::span<const std::string_view> words;
};

enum class Reload : bool { no, yes };

constexpr Rule any() {
  return {};
}
constexpr Rule between(std::uint64_t minimum, std::uint64_t maximum, std::string_view unit = "") {
  return {.kind = RuleKind::range, .minimum = minimum, .maximum = maximum, .unit = unit};
}
constexpr Rule span_between(Duration minimum, Duration maximum) {
  return between(static_cast<std::uint64_t>(minimum.count()),
                 static_cast<std::uint64_t>(maximum.count()));
}
constexpr Rule one_of(std::span<const std::string_view> words) {
  return {.kind = RuleKind::words, .words = words};
}
constexpr Rule some_of(std::span<const std::string_view> words) {
  return one_of(words);
}
constexpr Rule is(RuleKind kind) {
  return {.kind = kind};
}

}  // namespace peregrine::config
