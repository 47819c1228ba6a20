#pragma once
// parse_command: the grammar of RFC 9051 section 9 and of RFC 3501 where the older protocol has
// more, over one complete command that the framer cut out. Pure; linear in the text; recursion is
// bounded by Limits::depth.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

#include "base/bytes.h"
#include "proto/imap/command.h"
#include "proto/imap/limits.h"
#include "proto/imap/syntax_error.h"

namespace peregrine::imap {

struct ParseError {
  SyntaxError kind = SyntaxError::bad_syntax;
  std::string tag;           ///< "" when the text has no readable tag: the answer is untagged
  std::size_t position = 0;  ///< where in the text
};

/// `text` is a command without its last CRLF, literals as sent. Of APPEND it ends with the
/// announcement of the message.
std::expected<Command, ParseError> parse_command(BytesView text, const Limits& limits);

/// RFC 9051 section 6.3.13: DONE ends IDLE.
bool is_done(BytesView line);
/// RFC 9051 section 6.2.2: a line of "*" cancels AUTHENTICATE.
bool is_cancel(BytesView line);

}  // namespace peregrine::imap
