#pragma once
// xtext: RFC 3461 section 4, printable ASCII with "+" and two upper-case hexadecimal digits for the
// rest.

#include <optional>
#include <string>

#include "base/bytes.h"

namespace peregrine::smtp {

/// The octets that `text` stands for; any octet may be among them. Nothing when it is not xtext.
std::optional<std::string> decode_xtext(BytesView text);
std::string encode_xtext(BytesView octets);

}  // namespace peregrine::smtp
