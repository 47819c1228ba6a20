#pragma once
// Base 64. The strict reader is for protocol exchanges (SASL): one text has one meaning. The
// lenient one is for message bodies, where damage is common and showing the rest is better than
// nothing.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::text {

/// One line without breaks, padded.
Bytes base64_encode(BytesView bytes);

/// RFC 2045 section 6.8: lines of 76 characters, each ended by CRLF.
Bytes base64_encode_lines(BytesView bytes);

/// All of `encoded` must be canonical base 64 with padding: no other byte, no bits set that the
/// padding says are unused. The empty text is the empty sequence.
std::optional<Bytes> base64_decode(std::string_view encoded);

/// Skips every byte outside the alphabet, reads on after padding in the middle (several encodings
/// put one after the other) and tolerates missing padding. At most `max_bytes` of output.
Bytes base64_decode_lenient(std::string_view encoded, std::size_t max_bytes = SIZE_MAX);

}  // namespace peregrine::text
