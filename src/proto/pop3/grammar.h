#pragma once
// The grammar of POP3 command lines (RFC 1939, RFC 2449 section 3), from a line of the framer
// without its CRLF, and the states in which each command may come. Exactly one space between
// arguments and none at the end, but for USER and PASS, whose argument is all the rest.

#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.h"
#include "proto/pop3/command.h"
#include "proto/pop3/response.h"

namespace peregrine::pop3 {

enum class CommandError : std::uint8_t {
  unknown_command,
  bad_characters,  ///< control characters, or non-ASCII outside USER and PASS
  bad_arguments,
  bad_number,  ///< not a number of 32 bits, or a message 0
};

/// The line's first word.
Verb parse_verb(BytesView line);
std::expected<Command, CommandError> parse_command(BytesView line);
const FixedResponse& response_to(CommandError error);

enum class State : std::uint8_t {
  authorization,
  user_given,  ///< still AUTHORIZATION: PASS may come now, and only now
  transaction,
};
enum class Channel : std::uint8_t { clear, tls };

/// The response that refuses `verb` now, or nothing. In clear nobody logs in, and the password is
/// not looked at (RFC 2595 section 2.2).
std::optional<FixedResponse> refusal(Verb verb, State state, Channel channel);

}  // namespace peregrine::pop3
