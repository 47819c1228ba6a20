#pragma once
// Charsets of messages and of SEARCH, converted to UTF-8 by ICU. Names are the labels that mail
// uses; where everyone's practice differs from the registered meaning (iso-8859-1 carrying
// windows-1252, gb2312 carrying GBK) practice is followed. Damage becomes U+FFFD, never an error.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::text {

/// True when to_utf8() knows the charset; what SEARCH CHARSET asks.
bool is_known_charset(std::string_view charset);

/// `bytes` in UTF-8, at most `max_bytes`, cut between characters; nothing for an unknown charset.
std::optional<std::string> to_utf8(std::string_view charset, std::string_view bytes,
                                   std::size_t max_bytes = mib(4));

/// The same for text that says no charset, or one nobody knows: taken as UTF-8 if it is valid, else
/// as windows-1252. Always valid UTF-8.
std::string guess_to_utf8(std::string_view bytes, std::size_t max_bytes = mib(4));

/// to_utf8(), or guess_to_utf8() where the charset is unknown.
std::string to_utf8_or_guess(std::string_view charset, std::string_view bytes,
                             std::size_t max_bytes = mib(4));

/// Loads ICU's tables and forbids it to open files from then on. A process calls this before it
/// enters its sandbox; without it the first conversion pays for the loading.
void load_text_tables();

}  // namespace peregrine::text
