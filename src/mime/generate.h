#pragma once
// Header fields that this server writes: into mail on its way in (Received and the like) and into
// mail of its own. Names and values are checked here, so that no value can add a field or end the
// header (V24): with NUL, CR or LF in one there is no result.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace peregrine::mime {

/// "Name: value" CRLF, folded at white space into lines of at most 78 characters where it can be,
/// 998 always (RFC 5322 section 2.1.1). Nothing for a bad name, or a value with NUL, CR or LF, or
/// with a word that fits in no line. A value of white space only counts as empty.
std::optional<std::string> header_field(std::string_view name, std::string_view value);

/// The same for text meant for people: what is not ASCII becomes encoded words (RFC 2047).
std::optional<std::string> text_field(std::string_view name, std::string_view utf8);

/// What one server says of how it got a message (RFC 5321 section 4.4).
struct ReceivedInfo {
  std::string_view helo;           ///< as the client said it; empty for LMTP over a socket
  std::string_view peer_name;      ///< the name that the address resolves to, or empty
  std::string_view peer_address;   ///< "192.0.2.1" or "IPv6:2001:db8::1"; empty for a socket
  std::string_view tls;            ///< such as "TLS1.3 TLS_AES_256_GCM_SHA384", or empty
  std::string_view by;             ///< our name
  std::string_view with;           ///< protocol: "ESMTPS", "LMTP" …
  std::string_view id;             ///< of the transaction
  std::string_view for_recipient;  ///< only where there is one recipient; or empty
  UnixTime time;
  int zone_minutes = 0;
};

/// The Received field. Characters of helo and peer_name that a domain or an address literal cannot
/// have become "?", so that what a stranger said cannot look like another part of the field.
/// Nothing when another value holds NUL, CR or LF.
std::optional<std::string> received_field(const ReceivedInfo& info);

}  // namespace peregrine::mime
