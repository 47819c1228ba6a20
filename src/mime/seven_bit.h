#pragma once
// to_seven_bit: a message for a server that takes no 8-bit text (RFC 6152 section 3): parts that
// are more than 7-bit text become quoted-printable or base64, and the fields that say so are set.
// Nothing else changes, and what is decoded is as before. Not for binary parts that must be read in
// another way than they were.
//
// What cannot be converted without a loss is refused: a signature would no longer hold, and no
// encoding exists for bytes in a header or between parts.

#include <expected>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::mime {

enum class SevenBitError : std::uint8_t {
  is_signed,         ///< DKIM, ARC, multipart/signed or multipart/encrypted
  is_not_mime,       ///< no MIME-Version: encodings mean nothing
  outside_of_parts,  ///< in a header, or before, between or behind the parts
  is_ambiguous,      ///< its structure can be read in two ways
  cannot_encode,     ///< a part whose type or present encoding allows none
};

/// A reason for the sender: "it is signed".
std::string_view describe(SevenBitError error);

/// ASCII in lines of at most 998 characters that end with CRLF, without NUL or bare CR or LF.
bool is_seven_bit(BytesView bytes);

/// Whether a header has 8-bit bytes, that of the message or of any part.
bool has_wide_header(BytesView raw);

/// The whole message, which is_seven_bit() afterwards; one that is so already is unchanged. Takes
/// time and memory linear in its size, up to four times of that.
std::expected<Bytes, SevenBitError> to_seven_bit(BytesView raw);

}  // namespace peregrine::mime
