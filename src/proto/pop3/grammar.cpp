#include "proto/pop3/grammar.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"
#include "base/result.h"

namespace peregrine::pop3 {
namespace {

using Result = std::expected<Command, CommandError>;

constexpr std::size_t k_max_mechanism_name = 20;

struct VerbName {
  std::string_view name;
  Verb verb;
};

// APOP is not here: its secret would have to be stored in clear (V36).
constexpr std::array<VerbName, 14> k_verbs = {{{"USER", Verb::user},
                                               {"PASS", Verb::pass},
                                               {"AUTH", Verb::auth},
                                               {"STLS", Verb::stls},
                                               {"CAPA", Verb::capa},
                                               {"STAT", Verb::stat},
                                               {"LIST", Verb::list},
                                               {"RETR", Verb::retr},
                                               {"DELE", Verb::dele},
                                               {"NOOP", Verb::noop},
                                               {"RSET", Verb::rset},
                                               {"TOP", Verb::top},
                                               {"UIDL", Verb::uidl},
                                               {"QUIT", Verb::quit}}};

std::expected<std::uint32_t, CommandError> number(BytesView text, std::uint32_t minimum) {
  auto value = parse_number(text, UINT32_MAX);
  if (!value || *value < minimum) return std::unexpected(CommandError::bad_number);
  return static_cast<std::uint32_t>(*value);
}

/// RFC 1939 section 5: messages are numbered from 1.
std::expected<std::uint32_t, CommandError> message_number(BytesView text) {
  if (text.empty()) return std::unexpected(CommandError::bad_arguments);
  return number(text, 1);
}

template <class OneMessage>
Result with_message(BytesView arguments) {
  TRY(std::uint32_t message, message_number(arguments));
  return OneMessage{message};
}

template <class Listing>
Result with_optional_message(std::optional<BytesView> arguments) {
  if (!arguments) return Listing{};
  TRY(std::uint32_t message, message_number(*arguments));
  return Listing{message};
}

template <class Simple>
Result without_arguments(std::optional<BytesView> arguments) {
  if (arguments) return std::unexpected(CommandError::bad_arguments);
  return Simple{};
}

Result parse_top(BytesView arguments) {
  std::size_t space = arguments.find(' ');
  if (space == BytesView::npos) return std::unexpected(CommandError::bad_arguments);
  TRY(std::uint32_t message, message_number(arguments.substr(0, space)));
  TRY(std::uint32_t lines, number(arguments.substr(space + 1), 0));
  return Top{message, lines};
}

Result parse_auth(BytesView arguments) {
  // RFC 5034 section 4: a mechanism, and perhaps an initial response.
  std::size_t space = arguments.find(' ');
  BytesView mechanism = arguments.substr(0, space);
  bool good = std::ranges::all_of(mechanism, [](char c) {
    char upper = ascii_upper(c);
    return is_ascii_digit(c) || (upper >= 'A' && upper <= 'Z') || c == '-' || c == '_';
  });
  if (mechanism.empty() || mechanism.size() > k_max_mechanism_name || !good) {
    return std::unexpected(CommandError::bad_arguments);
  }
  Auth auth{ascii_upper(mechanism), std::nullopt};
  if (space == BytesView::npos) return auth;
  BytesView response = arguments.substr(space + 1);
  if (response.empty() || response.contains(' ')) {
    return std::unexpected(CommandError::bad_arguments);
  }
  auth.initial_response.emplace(response);
  return auth;
}

bool has_bad_characters(Verb verb, BytesView line) {
  // RFC 6856 gives names and passwords in UTF-8; real clients send them so without asking.
  bool utf8_possible = verb == Verb::user || verb == Verb::pass;
  return std::ranges::any_of(
      line, [&](char c) { return (c & 0x80) != 0 ? !utf8_possible : c < ' ' || c > '~'; });
}

}  // namespace

Verb parse_verb(BytesView line) {
  BytesView word = line.substr(0, line.find(' '));
  for (const VerbName& entry : k_verbs) {
    // RFC 1939 section 3: keywords in any letter case.
    if (iequals(word, entry.name)) return entry.verb;
  }
  return Verb::unknown;
}

Result parse_command(BytesView line) {
  Verb verb = parse_verb(line);
  if (has_bad_characters(verb, line)) return std::unexpected(CommandError::bad_characters);
  std::size_t space = line.find(' ');
  std::optional<BytesView> arguments;
  if (space != BytesView::npos) arguments = line.substr(space + 1);
  BytesView text = arguments.value_or(BytesView());

  switch (verb) {
    case Verb::user:
      if (text.empty()) return std::unexpected(CommandError::bad_arguments);
      return User{std::string(text)};
    case Verb::pass:
      // RFC 1939 section 7: spaces belong to the password.
      if (text.empty()) return std::unexpected(CommandError::bad_arguments);
      return Pass{Secret(text)};
    case Verb::auth:
      return parse_auth(text);
    case Verb::stls:
      return without_arguments<Stls>(arguments);
    case Verb::capa:
      return without_arguments<Capa>(arguments);
    case Verb::stat:
      return without_arguments<Stat>(arguments);
    case Verb::list:
      return with_optional_message<List>(arguments);
    case Verb::retr:
      return with_message<Retr>(text);
    case Verb::dele:
      return with_message<Dele>(text);
    case Verb::noop:
      return without_arguments<Noop>(arguments);
    case Verb::rset:
      return without_arguments<Rset>(arguments);
    case Verb::top:
      return parse_top(text);
    case Verb::uidl:
      return with_optional_message<Uidl>(arguments);
    case Verb::quit:
      return without_arguments<Quit>(arguments);
    case Verb::unknown:
      break;
  }
  return std::unexpected(CommandError::unknown_command);
}

const FixedResponse& response_to(CommandError error) {
  switch (error) {
    case CommandError::unknown_command:
      return k_unknown_command;
    case CommandError::bad_characters:
      return k_bad_characters;
    case CommandError::bad_arguments:
      return k_bad_arguments;
    case CommandError::bad_number:
      return k_bad_number;
  }
  return k_bad_arguments;
}

std::optional<FixedResponse> refusal(Verb verb, State state, Channel channel) {
  bool in_transaction = state == State::transaction;
  switch (verb) {
    // RFC 2449 section 5 and RFC 1939 section 4: in both states.
    case Verb::capa:
    case Verb::quit:
      return std::nullopt;
    case Verb::user:
    case Verb::auth:
    case Verb::pass:
      if (in_transaction) return k_wrong_state;
      if (channel == Channel::clear) return k_tls_required;
      // RFC 1939 section 7: PASS directly after a USER that succeeded.
      if (verb == Verb::pass && state != State::user_given) return k_user_first;
      return std::nullopt;
    case Verb::stls:
      // RFC 2595 section 4: in AUTHORIZATION only, and once.
      if (in_transaction) return k_wrong_state;
      if (channel == Channel::tls) return k_tls_active;
      return std::nullopt;
    case Verb::stat:
    case Verb::list:
    case Verb::retr:
    case Verb::dele:
    case Verb::noop:
    case Verb::rset:
    case Verb::top:
    case Verb::uidl:
      if (!in_transaction) return k_wrong_state;
      return std::nullopt;
    case Verb::unknown:
      break;
  }
  return k_unknown_command;
}

}  // namespace peregrine::pop3
