#pragma once
// Modified UTF-7 (RFC 3501 section 5.1.3): how clients that did not enable UTF-8 spell mailbox
// names. Strict both ways, so that one mailbox has one spelling.

#include <optional>
#include <string>
#include <string_view>

namespace peregrine::text {

/// UTF-8 of a name in modified UTF-7; nothing for 8-bit or control bytes, a bad or unended shift,
/// lone surrogates, encoded printable ASCII, or two shifts where one would do.
std::optional<std::string> mutf7_to_utf8(std::string_view name);

/// The one spelling of valid UTF-8 in modified UTF-7; nothing for invalid UTF-8.
std::optional<std::string> utf8_to_mutf7(std::string_view name);

}  // namespace peregrine::text
