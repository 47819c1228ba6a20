#pragma once
// Quoted-printable (RFC 2045 section 6.7) and the "Q" encoding of header words (RFC 2047 section
// 4.2). The readers never fail: what is no valid escape stays as it is.

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::text {

/// Decodes a body; at most `max_bytes` of output.
Bytes quoted_printable_decode(std::string_view encoded, std::size_t max_bytes = SIZE_MAX);

/// Encodes text whose lines end in CRLF; lines of at most 76 characters come out.
Bytes quoted_printable_encode(BytesView text);

/// Decodes the text of a "Q" encoded word: '_' is a space, lines are not known.
Bytes q_decode(std::string_view encoded);

}  // namespace peregrine::text
