#pragma once
// The limits with which POP3 uses base's LineFramer.

#include "base/line_framer.h"

namespace peregrine::pop3 {

/// RFC 2449 section 4: a command has up to 255 octets with its CRLF.
inline constexpr LineLimits k_command_limits{.max_line = 255, .max_overlong = 8192};
/// RFC 5034 section 4: the lines of a SASL exchange are not bound by that limit.
inline constexpr LineLimits k_sasl_limits{.max_line = 12288, .max_overlong = 16384};

}  // namespace peregrine::pop3
