#pragma once
// The form of text in which SEARCH compares (RFC 9051 section 6.4.4: without regard to letter
// case). Both the stored text and the words looked for are brought into it; then a match is a plain
// substring. Linear in the input whatever the input (V22).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::text {

/// Case folded and composed (Unicode's NFKC_Casefold: "Ä" in either spelling, "ä" and full-width
/// letters agree with each other), invalid UTF-8 replaced, every run of spaces, tabs and line ends
/// made one space, other ASCII control characters dropped. At most `max_bytes`, cut between
/// characters; of more than 30 combining marks in a row the rest is dropped.
std::string search_fold(std::string_view utf8, std::size_t max_bytes = mib(4));

}  // namespace peregrine::text
