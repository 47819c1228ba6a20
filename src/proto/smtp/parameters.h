#pragma once
// The parameters behind the path of MAIL and RCPT: RFC 5321 section 4.1.2, esmtp-param.

#include <expected>
#include <vector>

#include "proto/smtp/grammar.h"

namespace peregrine::smtp {

/// Borrowed from the command line: for use within the parse of that line only.
struct ParameterView {
  BytesView keyword;
  std::optional<BytesView> value;
};

/// Splits `text`, which is empty or begins with a space. At most 16 parameters, each keyword once.
std::expected<std::vector<ParameterView>, CommandError> parse_parameters(BytesView text);

/// Applies the parameters of MAIL to `mail`.
std::expected<void, CommandError> apply_mail_parameters(
    const std::vector<ParameterView>& parameters, const Extensions& offered, MailFrom& mail);
/// The same for RCPT.
std::expected<void, CommandError> apply_rcpt_parameters(
    const std::vector<ParameterView>& parameters, const GrammarContext& context, RcptTo& rcpt);

}  // namespace peregrine::smtp
