#pragma once
// MTA-STS as data: record and policy, read from what the domain published. RFC 8461.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace peregrine::sts {

/// RFC 8461 section 3.1: the id of "v=STSv1; id=…"; nothing for another text.
std::optional<std::string> parse_record(BytesView text);

enum class Mode : std::uint8_t { none, testing, enforce };

struct Policy {
  Mode mode = Mode::none;
  std::vector<std::string> mx;  ///< "mx.example.org" or "*.example.org", lower case
  std::uint32_t max_age = 0;    ///< seconds, at most a year

  /// RFC 8461 section 4.1: whether one of the patterns is for this host.
  [[nodiscard]] bool matches(std::string_view host) const;
  bool operator==(const Policy&) const = default;
};

inline constexpr std::size_t k_most_patterns = 100;

/// RFC 8461 section 3.2; nothing when a field is missing or wrong.
std::optional<Policy> parse_policy(BytesView text);

}  // namespace peregrine::sts
