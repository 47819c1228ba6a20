#pragma once
// What the mechanisms hold names and passwords to.

#include <cstddef>

#include "base/bytes.h"

namespace peregrine::sasl {

// RFC 4616 section 2: a server accepts 255 octets of each. More is nobody's name; a password may be
// a generated text.
inline constexpr std::size_t k_max_id = 255;
inline constexpr std::size_t k_max_password = 1024;

/// Names go to logs and lookups: no control characters, though the grammars have them.
bool is_id(BytesView text);
bool is_password(BytesView text);

}  // namespace peregrine::sasl
