#pragma once
// xtext: RFC 3461 section 4, printable ASCII with "+" and two upper-case hexadecimal digits for the
// rest; and what RFC 6533 has in its place for addresses in UTF-8.

#include <optional>
#include <string>

#include "base/bytes.h"

namespace peregrine::smtp {

/// The octets that `text` stands for; any octet may be among them. Nothing when it is not xtext.
std::optional<std::string> decode_xtext(BytesView text);
std::string encode_xtext(BytesView octets);

/// RFC 6533 section 3, for an address that is encoded in part: what is not ASCII as "\x{E4}".
std::string embed_unicode(BytesView address);
/// The same section, utf-8-addr-xtext of a bare address: also the ASCII that ORCPT cannot hold.
std::string encode_utf8_address(BytesView address);

}  // namespace peregrine::smtp
