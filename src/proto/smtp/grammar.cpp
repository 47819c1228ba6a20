#include "proto/smtp/grammar.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/result.h"
#include "proto/smtp/parameters.h"
#include "proto/smtp/replies.h"

namespace peregrine::smtp {
namespace {

using Result = std::expected<Command, CommandError>;

constexpr std::size_t k_max_hello_name = 255;
constexpr std::size_t k_max_mechanism_name = 20;

struct VerbName {
  std::string_view name;
  Verb verb;
};

constexpr std::array<VerbName, 15> k_verbs = {{{"HELO", Verb::helo},
                                               {"EHLO", Verb::ehlo},
                                               {"LHLO", Verb::lhlo},
                                               {"MAIL", Verb::mail},
                                               {"RCPT", Verb::rcpt},
                                               {"DATA", Verb::data},
                                               {"BDAT", Verb::bdat},
                                               {"RSET", Verb::rset},
                                               {"NOOP", Verb::noop},
                                               {"QUIT", Verb::quit},
                                               {"HELP", Verb::help},
                                               {"VRFY", Verb::vrfy},
                                               {"EXPN", Verb::expn},
                                               {"STARTTLS", Verb::start_tls},
                                               {"AUTH", Verb::auth}}};

bool is_space(char c) {
  return c == ' ';
}
bool is_alphanumeric(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Result parse_hello(Verb verb, BytesView name) {
  if (name.empty() || name.size() > k_max_hello_name) {
    return std::unexpected(CommandError::bad_hello_name);
  }
  bool good = false;
  if (name.starts_with('[')) {
    // RFC 5321 section 4.1.3: an address literal is an address.
    good = Address::parse("a@" + std::string(name)).has_value();
  } else {
    // RFC 5321 section 4.1.1.1 asks for a domain. Real clients send names with underscores, a port
    // or nothing that resolves, and no decision rests on the name: it only has to be harmless in a
    // log and a Received field.
    good = !name.starts_with('.') && !name.contains("..") && std::ranges::all_of(name, [](char c) {
      return is_alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-';
    });
  }
  if (!good) return std::unexpected(CommandError::bad_hello_name);
  return Hello{verb, std::string(name)};
}

/// The text between "<" and the ">" that ends the path; an angle bracket in quotes does not.
std::optional<BytesView> take_path(Cursor& cursor) {
  if (!cursor.skip('<')) return std::nullopt;
  BytesView rest = cursor.rest();
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') quoted = !quoted;
    if (rest[i] == '\\' && quoted) ++i;
    if (i < rest.size() && rest[i] == '>' && !quoted) {
      cursor.take(i + 1);
      return rest.substr(0, i);
    }
  }
  return std::nullopt;
}

struct PathView {
  BytesView path;
  BytesView parameters;
  bool spaced = false;
};

/// What MAIL and RCPT have in common: "FROM:" or "TO:", a path, and the text of the parameters.
std::optional<PathView> split_path(BytesView arguments, std::string_view introduction) {
  Cursor cursor(arguments);
  if (!cursor.skip_word(introduction)) return std::nullopt;
  bool spaced = !cursor.take_while(is_space).empty();
  auto path = take_path(cursor);
  if (!path) return std::nullopt;
  return PathView{*path, cursor.rest(), spaced};
}

CommandError path_error(AddressError error, CommandError syntax, CommandError non_ascii) {
  if (error == AddressError::source_route) return CommandError::source_route;
  if (error == AddressError::needs_smtputf8) return non_ascii;
  return syntax;
}

Result parse_mail(BytesView arguments, const GrammarContext& context) {
  auto split = split_path(arguments, "FROM:");
  if (!split) return std::unexpected(CommandError::bad_arguments);
  TRY(auto parameters, parse_parameters(split->parameters));
  MailFrom mail;
  mail.spaced_path = split->spaced;
  TRY_VOID(apply_mail_parameters(parameters, context.offered, mail));
  // RFC 5321 section 4.5.5: the null reverse-path of notifications.
  if (split->path.empty()) return mail;
  auto sender = Address::parse(split->path, mail.smtp_utf8);
  if (!sender) {
    return std::unexpected(
        path_error(sender.error(), CommandError::bad_sender, CommandError::non_ascii_sender));
  }
  mail.sender = *std::move(sender);
  return mail;
}

Result parse_rcpt(BytesView arguments, const GrammarContext& context) {
  auto split = split_path(arguments, "TO:");
  if (!split) return std::unexpected(CommandError::bad_arguments);
  TRY(auto parameters, parse_parameters(split->parameters));
  RcptTo rcpt{.recipient = std::nullopt, .spaced_path = split->spaced};
  TRY_VOID(apply_rcpt_parameters(parameters, context, rcpt));
  // RFC 5321 section 4.5.1: "<Postmaster>" stands without a domain, in any letter case.
  if (iequals(split->path, "Postmaster")) return rcpt;
  auto recipient = Address::parse(split->path, context.recipient_utf8);
  if (!recipient) {
    return std::unexpected(path_error(recipient.error(), CommandError::bad_recipient,
                                      CommandError::non_ascii_recipient));
  }
  rcpt.recipient = *std::move(recipient);
  return rcpt;
}

Result parse_bdat(BytesView arguments) {
  // RFC 3030 section 2: a size of decimal digits, and perhaps "LAST".
  Cursor cursor(arguments);
  BytesView digits = cursor.take_while(is_ascii_digit);
  auto size = parse_number(digits, UINT64_MAX);
  if (!size || digits.size() > 20) return std::unexpected(CommandError::bad_chunk);
  Bdat bdat{.size = *size};
  if (cursor.at_end()) return bdat;
  cursor.take_while(is_space);
  bdat.is_last = iequals(cursor.rest(), "LAST");
  if (!bdat.is_last) return std::unexpected(CommandError::bad_chunk);
  return bdat;
}

Result parse_auth(BytesView arguments) {
  // RFC 4954 section 4: a mechanism, and perhaps an initial response.
  Cursor cursor(arguments);
  BytesView mechanism =
      cursor.take_while([](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
  if (mechanism.empty() || mechanism.size() > k_max_mechanism_name) {
    return std::unexpected(CommandError::bad_arguments);
  }
  Auth auth{ascii_upper(mechanism), std::nullopt};
  if (cursor.at_end()) return auth;
  if (!cursor.skip(' ') || cursor.at_end() || cursor.rest().contains(' ')) {
    return std::unexpected(CommandError::bad_arguments);
  }
  auth.initial_response.emplace(cursor.rest());
  return auth;
}

template <class Simple>
Result without_arguments(BytesView arguments) {
  if (!arguments.empty()) return std::unexpected(CommandError::bad_arguments);
  return Simple{};
}

bool has_bad_characters(Verb verb, BytesView line) {
  bool utf8_possible = verb == Verb::mail || verb == Verb::rcpt;
  return std::ranges::any_of(
      line, [&](char c) { return (c & 0x80) != 0 ? !utf8_possible : c < ' ' || c > '~'; });
}

}  // namespace

Verb parse_verb(BytesView line) {
  BytesView word = line.substr(0, line.find(' '));
  for (const VerbName& entry : k_verbs) {
    // RFC 5321 section 2.4: command words in any letter case.
    if (iequals(word, entry.name)) return entry.verb;
  }
  return Verb::unknown;
}

Result parse_command(BytesView line, const GrammarContext& context) {
  Verb verb = parse_verb(line);
  if (has_bad_characters(verb, line)) return std::unexpected(CommandError::bad_characters);
  // RFC 5321 section 4.1.1: white space before the CRLF is tolerated.
  while (line.ends_with(' ')) line.remove_suffix(1);
  std::size_t space = line.find(' ');
  BytesView arguments = space == BytesView::npos ? BytesView() : line.substr(space + 1);

  switch (verb) {
    case Verb::helo:
    case Verb::ehlo:
    case Verb::lhlo:
      return parse_hello(verb, arguments);
    case Verb::mail:
      return parse_mail(arguments, context);
    case Verb::rcpt:
      return parse_rcpt(arguments, context);
    case Verb::data:
      return without_arguments<Data>(arguments);
    case Verb::bdat:
      return parse_bdat(arguments);
    case Verb::rset:
      return without_arguments<Rset>(arguments);
    case Verb::quit:
      return without_arguments<Quit>(arguments);
    case Verb::start_tls:
      return without_arguments<StartTls>(arguments);
    case Verb::auth:
      return parse_auth(arguments);
    // RFC 5321 sections 4.1.1.8 and 4.1.1.9: HELP and NOOP may have an argument, which is ignored.
    case Verb::noop:
      return Noop{};
    case Verb::help:
      return Help{};
    case Verb::vrfy:
      if (arguments.empty()) return std::unexpected(CommandError::bad_arguments);
      return Vrfy{};
    case Verb::expn:
      if (arguments.empty()) return std::unexpected(CommandError::bad_arguments);
      return Expn{};
    case Verb::unknown:
      break;
  }
  return std::unexpected(CommandError::unknown_command);
}

const FixedReply& reply_to(CommandError error) {
  switch (error) {
    case CommandError::unknown_command:
      return k_reply_unknown_command;
    case CommandError::bad_characters:
      return k_reply_bad_characters;
    case CommandError::bad_arguments:
      return k_reply_bad_arguments;
    case CommandError::bad_hello_name:
      return k_reply_bad_hello_name;
    case CommandError::bad_sender:
      return k_reply_bad_sender;
    case CommandError::bad_recipient:
      return k_reply_bad_recipient;
    case CommandError::source_route:
      return k_reply_source_route;
    case CommandError::non_ascii_sender:
      return k_reply_non_ascii_sender;
    case CommandError::non_ascii_recipient:
      return k_reply_non_ascii_recipient;
    case CommandError::unknown_parameter:
      return k_reply_unknown_parameter;
    case CommandError::bad_parameter:
    case CommandError::bad_chunk:
      return k_reply_bad_arguments;
    case CommandError::too_big:
      return k_reply_too_big;
  }
  return k_reply_bad_arguments;
}

}  // namespace peregrine::smtp
