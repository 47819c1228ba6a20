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

/// RFC 3461 section 4: printable ASCII with "+" and two upper-case hexadecimal digits for the rest.
bool is_xtext(BytesView text) {
  auto is_hex = [](char c) { return is_ascii_digit(c) || (c >= 'A' && c <= 'F'); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (text[i] <= ' ' || text[i] > '~' || text[i] == '=') {
      return false;
    }
  }
  return !text.empty();
}

std::expected<void, CommandError> apply_size(const ParameterView& parameter, std::uint64_t maximum,
                                             MailFrom& mail) {
  // RFC 1870 section 3: size-value is 1 to 20 digits, which may be more than 64 bits hold.
  BytesView value = parameter.value.value_or(BytesView());
  if (value.empty() || value.size() > 20 || !std::ranges::all_of(value, is_ascii_digit)) {
    return std::unexpected(CommandError::bad_parameter);
  }
  mail.size = parse_number(value, maximum);
  if (!mail.size) return std::unexpected(CommandError::too_big);
  return {};
}

std::expected<void, CommandError> apply_body(const ParameterView& parameter, MailFrom& mail) {
  // RFC 6152 section 2.
  BytesView value = parameter.value.value_or(BytesView());
  if (iequals(value, "8BITMIME")) {
    mail.body = BodyType::eight_bit_mime;
  } else if (!iequals(value, "7BIT")) {
    return std::unexpected(CommandError::bad_parameter);
  }
  return {};
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

std::expected<void, CommandError> apply_mail_parameters(
    const std::vector<ParameterView>& parameters, const Extensions& offered, MailFrom& mail) {
  for (const ParameterView& parameter : parameters) {
    if (offered.max_size && iequals(parameter.keyword, "SIZE")) {
      TRY_VOID(apply_size(parameter, *offered.max_size, mail));
    } else if (offered.eight_bit_mime && iequals(parameter.keyword, "BODY")) {
      TRY_VOID(apply_body(parameter, mail));
    } else if (offered.smtp_utf8 && iequals(parameter.keyword, "SMTPUTF8")) {
      // RFC 6531 section 3.4: the parameter has no value.
      if (parameter.value) return std::unexpected(CommandError::bad_parameter);
      mail.smtp_utf8 = AllowUtf8::yes;
    } else if (!offered.auth_mechanisms.empty() && iequals(parameter.keyword, "AUTH")) {
      // RFC 4954 section 5: the syntax is checked, and the claim itself is never trusted.
      if (!is_xtext(parameter.value.value_or(BytesView()))) {
        return std::unexpected(CommandError::bad_parameter);
      }
    } else {
      // RFC 5321 section 4.1.1.11: 555 for a parameter that is not recognised.
      return std::unexpected(CommandError::unknown_parameter);
    }
  }
  return {};
}

}  // namespace peregrine::smtp
