#pragma once
// The limits with which SMTP and LMTP use base's LineFramer.

#include "base/line_framer.h"

namespace peregrine::smtp {

/// RFC 5321 section 4.5.3.1.4: before EHLO no extension has lengthened the command line.
inline constexpr LineLimits k_basic_limits{.max_line = 512, .max_overlong = 8192};
/// After EHLO: room for long UTF-8 paths and every parameter we offer.
inline constexpr LineLimits k_extended_limits{.max_line = 2048, .max_overlong = 8192};
/// RFC 4954 section 4: a line of a SASL exchange has up to 12,288 octets.
inline constexpr LineLimits k_sasl_limits{.max_line = 12288, .max_overlong = 16384};

}  // namespace peregrine::smtp
