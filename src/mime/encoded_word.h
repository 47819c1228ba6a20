#pragma once
// Encoded words of header fields (RFC 2047): reading them as people see them, and writing them.
// ENVELOPE carries them as they are; decoding is for search, logs and filters.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::mime {

/// The unfolded text in UTF-8. Neighbouring words are joined, also in the middle of a character;
/// a word in an unknown charset or with an unknown encoding stays as written; 8-bit text outside
/// words is guessed. Words are found anywhere, in quoted strings and glued to other text too, as
/// mail programs show them. Decoded NUL, CR and LF become spaces. At most about `max_bytes`.
std::string decode_words(std::string_view text, std::size_t max_bytes = mib(1));

/// ASCII text as it is; other text as encoded words in UTF-8, each at most 75 characters long (RFC
/// 2047 section 2) and separated by a space.
std::string encode_words(std::string_view utf8);

}  // namespace peregrine::mime
