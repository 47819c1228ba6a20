// What each parameter of MAIL and RCPT means. A parameter works exactly when its extension was
// offered; parameters.cpp has cut them apart.

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/result.h"
#include "proto/smtp/parameters.h"
#include "proto/smtp/timestamp.h"
#include "proto/smtp/xtext.h"
#include "text/utf8.h"

namespace peregrine::smtp {
namespace {

using Applied = std::expected<void, CommandError>;

constexpr std::size_t k_max_envelope_id = 100;         // RFC 3461 section 4.4
constexpr std::size_t k_max_original_recipient = 500;  // RFC 3461 section 4.2

Applied bad() {
  return std::unexpected(CommandError::bad_parameter);
}

bool is_printable(BytesView text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

Applied apply_size(const ParameterView& parameter, const Extensions& offered, MailFrom& mail) {
  // RFC 1870 section 3: size-value is 1 to 20 digits, which may be more than 64 bits hold.
  BytesView value = parameter.value.value_or(BytesView());
  if (value.empty() || value.size() > 20 || !std::ranges::all_of(value, is_ascii_digit)) {
    return bad();
  }
  mail.size = parse_number(value, *offered.max_size);
  if (!mail.size) return std::unexpected(CommandError::too_big);
  return {};
}

Applied apply_body(const ParameterView& parameter, const Extensions& offered, MailFrom& mail) {
  // RFC 6152 section 2, RFC 3030 section 3.
  BytesView value = parameter.value.value_or(BytesView());
  if (offered.eight_bit_mime && iequals(value, "8BITMIME")) {
    mail.body = BodyType::eight_bit_mime;
  } else if (offered.binary_mime && iequals(value, "BINARYMIME")) {
    mail.body = BodyType::binary_mime;
  } else if (!iequals(value, "7BIT")) {
    return bad();
  }
  return {};
}

Applied apply_utf8(const ParameterView& parameter, const Extensions&, MailFrom& mail) {
  // RFC 6531 section 3.4: the parameter has no value.
  if (parameter.value) return bad();
  mail.smtp_utf8 = AllowUtf8::yes;
  return {};
}

Applied apply_auth(const ParameterView& parameter, const Extensions&, MailFrom&) {
  // RFC 4954 section 5: the syntax is checked, and the claim itself is never trusted.
  auto claim = decode_xtext(parameter.value.value_or(BytesView()));
  if (!claim || claim->empty()) return bad();
  return {};
}

Applied apply_return(const ParameterView& parameter, const Extensions&, MailFrom& mail) {
  // RFC 3461 section 4.3.
  BytesView value = parameter.value.value_or(BytesView());
  if (iequals(value, "FULL")) {
    mail.dsn_return = DsnReturn::full;
  } else if (iequals(value, "HDRS")) {
    mail.dsn_return = DsnReturn::headers;
  } else {
    return bad();
  }
  return {};
}

Applied apply_envelope_id(const ParameterView& parameter, const Extensions&, MailFrom& mail) {
  // RFC 3461 section 4.4: decoded, it is printable ASCII: it comes back as a header field.
  BytesView value = parameter.value.value_or(BytesView());
  auto decoded = decode_xtext(value);
  if (!decoded || decoded->empty() || value.size() > k_max_envelope_id || !is_printable(*decoded)) {
    return bad();
  }
  mail.envelope_id = std::move(*decoded);
  return {};
}

Applied apply_per_recipient(const ParameterView& parameter, const Extensions&, MailFrom& mail) {
  if (parameter.value) return bad();
  mail.per_recipient_replies = true;
  return {};
}

Applied apply_require_tls(const ParameterView& parameter, const Extensions&, MailFrom& mail) {
  // RFC 8689 section 2: no value.
  if (parameter.value) return bad();
  mail.require_tls = true;
  return {};
}

Applied apply_priority(const ParameterView& parameter, const Extensions&, MailFrom& mail) {
  // RFC 6710 section 4: "0", or an optional minus and one digit from 1 to 9.
  BytesView value = parameter.value.value_or(BytesView());
  bool is_low = value.starts_with('-');
  BytesView digits = value.substr(is_low ? 1 : 0);
  if (digits.size() != 1 || !is_ascii_digit(digits[0]) || (is_low && digits[0] == '0')) {
    return bad();
  }
  int level = digits[0] - '0';
  mail.priority = static_cast<std::int8_t>(is_low ? -level : level);
  return {};
}

Applied apply_hold_for(const ParameterView& parameter, const Extensions& offered, MailFrom& mail) {
  // RFC 4865 section 3: 1 to 9 digits, and one of the two parameters only.
  BytesView value = parameter.value.value_or(BytesView());
  auto seconds = parse_number(value, offered.future_release->max_seconds);
  if (!seconds || value.size() > 9 || mail.hold.index() != 0) return bad();
  mail.hold = HoldFor{static_cast<std::uint32_t>(*seconds)};
  return {};
}

Applied apply_hold_until(const ParameterView& parameter, const Extensions& offered,
                         MailFrom& mail) {
  auto time = parse_rfc3339(parameter.value.value_or(BytesView()));
  if (!time || *time > offered.future_release->max_time || mail.hold.index() != 0) return bad();
  mail.hold = HoldUntil{*time};
  return {};
}

Applied apply_deliver_by(const ParameterView& parameter, const Extensions&, MailFrom& mail) {
  // RFC 2852 section 4: by-time ";" by-mode [by-trace].
  Cursor cursor(parameter.value.value_or(BytesView()));
  bool is_late = cursor.next_is('-');
  if (is_late || cursor.next_is('+')) cursor.take();
  BytesView digits = cursor.take_while(is_ascii_digit);
  auto seconds = parse_number(digits, 999'999'999);
  if (!seconds || digits.size() > 9 || !cursor.skip(';')) return bad();
  DeliverBy by{.seconds = static_cast<std::int32_t>(*seconds)};
  if (is_late) by.seconds = -by.seconds;
  by.is_return = cursor.skip_word("R");
  if (!by.is_return && !cursor.skip_word("N")) return bad();
  by.wants_trace = cursor.skip_word("T");
  // RFC 2852 section 4: with "R" the time is above zero.
  if (!cursor.at_end() || (by.is_return && by.seconds <= 0)) return bad();
  mail.deliver_by = by;
  return {};
}

struct MailParameter {
  std::string_view keyword;
  bool (*is_offered)(const Extensions& offered);
  Applied (*apply)(const ParameterView& parameter, const Extensions& offered, MailFrom& mail);
};

constexpr std::array<MailParameter, 12> k_mail_parameters = {{
    {"SIZE", [](const Extensions& e) { return e.max_size.has_value(); }, apply_size},
    {"BODY", [](const Extensions& e) { return e.eight_bit_mime || e.binary_mime; }, apply_body},
    {"SMTPUTF8", [](const Extensions& e) { return e.smtp_utf8; }, apply_utf8},
    {"AUTH", [](const Extensions& e) { return !e.auth_mechanisms.empty(); }, apply_auth},
    {"RET", [](const Extensions& e) { return e.dsn; }, apply_return},
    {"ENVID", [](const Extensions& e) { return e.dsn; }, apply_envelope_id},
    {"PRDR", [](const Extensions& e) { return e.per_recipient_replies; }, apply_per_recipient},
    {"REQUIRETLS", [](const Extensions& e) { return e.require_tls; }, apply_require_tls},
    {"MT-PRIORITY", [](const Extensions& e) { return e.priority; }, apply_priority},
    {"HOLDFOR", [](const Extensions& e) { return e.future_release.has_value(); }, apply_hold_for},
    {"HOLDUNTIL", [](const Extensions& e) { return e.future_release.has_value(); },
     apply_hold_until},
    {"BY", [](const Extensions& e) { return e.deliver_by; }, apply_deliver_by},
}};

Applied apply_notify(BytesView value, RcptTo& rcpt) {
  // RFC 3461 section 4.1: "NEVER" alone, or a list of the others.
  if (iequals(value, "NEVER")) {
    rcpt.notify.never = true;
    return {};
  }
  Cursor cursor(value);
  do {
    BytesView word = cursor.take_while([](char c) { return c != ','; });
    if (iequals(word, "SUCCESS")) {
      rcpt.notify.success = true;
    } else if (iequals(word, "FAILURE")) {
      rcpt.notify.failure = true;
    } else if (iequals(word, "DELAY")) {
      rcpt.notify.delay = true;
    } else {
      return bad();
    }
  } while (cursor.skip(','));
  return {};
}

bool is_type_char(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

Applied apply_original_recipient(BytesView value, AllowUtf8 utf8, RcptTo& rcpt) {
  // RFC 3461 section 4.2: addr-type ";" xtext.
  Cursor cursor(value);
  BytesView type = cursor.take_while(is_type_char);
  if (type.empty() || value.size() > k_max_original_recipient || !cursor.skip(';')) return bad();
  std::string address;
  if (iequals(type, "utf-8") && utf8 == AllowUtf8::yes) {
    // RFC 6533 section 3: an internationalized address stands as it is, or escaped in ASCII.
    address = cursor.rest();
    bool has_control =
        std::ranges::any_of(address, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
    if (!text::is_valid_utf8(address) || has_control) return bad();
  } else {
    auto decoded = decode_xtext(cursor.rest());
    if (!decoded || !is_printable(*decoded)) return bad();
    address = std::move(*decoded);
  }
  if (address.empty()) return bad();
  rcpt.original_recipient = std::string(type) + ';' + address;
  return {};
}

}  // namespace

Applied apply_mail_parameters(const std::vector<ParameterView>& parameters,
                              const Extensions& offered, MailFrom& mail) {
  for (const ParameterView& parameter : parameters) {
    auto found = std::ranges::find_if(k_mail_parameters, [&](const MailParameter& known) {
      return iequals(known.keyword, parameter.keyword) && known.is_offered(offered);
    });
    // RFC 5321 section 4.1.1.11: 555 for a parameter that is not recognised.
    if (found == k_mail_parameters.end()) return std::unexpected(CommandError::unknown_parameter);
    TRY_VOID(found->apply(parameter, offered, mail));
  }
  return {};
}

Applied apply_rcpt_parameters(const std::vector<ParameterView>& parameters,
                              const GrammarContext& context, RcptTo& rcpt) {
  for (const ParameterView& parameter : parameters) {
    BytesView value = parameter.value.value_or(BytesView());
    if (context.offered.dsn && iequals(parameter.keyword, "NOTIFY")) {
      TRY_VOID(apply_notify(value, rcpt));
    } else if (context.offered.dsn && iequals(parameter.keyword, "ORCPT")) {
      TRY_VOID(apply_original_recipient(value, context.recipient_utf8, rcpt));
    } else {
      return std::unexpected(CommandError::unknown_parameter);
    }
  }
  return {};
}

}  // namespace peregrine::smtp
