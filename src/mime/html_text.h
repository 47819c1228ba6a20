#pragma once
// html_to_text: the words of an HTML document, for search. No parser and no sanitiser: the result
// is plain text to compare with, never markup to show.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::mime {

/// The text of valid UTF-8 HTML without tags, comments, scripts and styles, character references
/// replaced. Tags that break a line or a cell become a space, others nothing. At most about
/// `max_bytes`; linear in the input.
std::string html_to_text(std::string_view html, std::size_t max_bytes = mib(1));

}  // namespace peregrine::mime
