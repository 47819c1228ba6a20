#pragma once
// The grammar of SMTP command lines: from a line of the framer, without its CRLF, to a Command.
// First ask parse_verb() and the session's state (session_state.h), then parse the arguments: what
// comes out of order is refused before it is read. Strict as RFC 5321 section 4.1.2 with two
// exceptions: spaces after "FROM:" and "TO:", and spaces at the end of a line.

#include <expected>

#include "proto/smtp/command.h"
#include "proto/smtp/extensions.h"
#include "proto/smtp/reply.h"

namespace peregrine::smtp {

enum class CommandError : std::uint8_t {
  unknown_command,
  bad_characters,  ///< control characters, or non-ASCII outside MAIL and RCPT
  bad_arguments,
  bad_hello_name,
  bad_sender,
  bad_recipient,
  source_route,
  non_ascii_sender,
  non_ascii_recipient,
  unknown_parameter,  ///< also one whose extension was not offered
  bad_parameter,      ///< a value that its parameter does not have, or a parameter twice
  too_big,            ///< SIZE over the limit announced
  bad_chunk,          ///< BDAT without a size that can be read: what follows has no known end
};

struct GrammarContext {
  const Extensions& offered;
  /// Whether the transaction's MAIL said SMTPUTF8: what RCPT may hold.
  AllowUtf8 recipient_utf8 = AllowUtf8::no;
};

/// The line's first word.
Verb parse_verb(BytesView line);

std::expected<Command, CommandError> parse_command(BytesView line, const GrammarContext& context);

/// What the client is told.
const FixedReply& reply_to(CommandError error);

}  // namespace peregrine::smtp
