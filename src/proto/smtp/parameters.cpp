#include "proto/smtp/parameters.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/result.h"

namespace peregrine::smtp {
namespace {

constexpr std::size_t k_max_parameters = 16;

bool is_alphanumeric(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_keyword_char(char c) {
  return is_alphanumeric(c) || c == '-';
}

/// RFC 5321 section 4.1.2, esmtp-value, with the octets that RFC 6531 section 3.3 adds.
bool is_value_char(char c) {
  return (c > ' ' && c <= '~' && c != '=') || (c & 0x80) != 0;
}

}  // namespace

std::expected<std::vector<ParameterView>, CommandError> parse_parameters(BytesView text) {
  std::vector<ParameterView> parameters;
  Cursor cursor(text);
  while (!cursor.at_end()) {
    if (!cursor.skip(' ')) return std::unexpected(CommandError::bad_arguments);
    cursor.take_while([](char c) { return c == ' '; });
    if (cursor.at_end()) break;
    ParameterView parameter;
    parameter.keyword = cursor.take_while(is_keyword_char);
    if (parameter.keyword.empty() || parameter.keyword.front() == '-') {
      return std::unexpected(CommandError::bad_arguments);
    }
    if (cursor.skip('=')) {
      // An equals sign inside a value belongs to no parameter that is offered here.
      parameter.value = cursor.take_while(is_value_char);
      if (parameter.value->empty()) return std::unexpected(CommandError::bad_parameter);
    }
    auto is_same = [&](const ParameterView& p) { return iequals(p.keyword, parameter.keyword); };
    if (parameters.size() >= k_max_parameters || std::ranges::any_of(parameters, is_same)) {
      return std::unexpected(CommandError::bad_parameter);
    }
    parameters.push_back(parameter);
  }
  return parameters;
}

}  // namespace peregrine::smtp
