#pragma once
// Recognises, in the first bytes of a line-based session, a client that speaks something else: a
// browser or server tricked into sending HTTP, a TLS ClientHello on a clear port, SSH, or a person
// at a terminal (V15). Such a connection is closed before any command in it is read.

#include <cstdint>

#include "base/bytes.h"

namespace peregrine {

enum class ForeignProtocol : std::uint8_t {
  none,  ///< nothing known to be foreign, or too few bytes to tell
  http,
  tls,
  ssh,
  proxy,
  terminal,  ///< telnet negotiation, or the keys of somebody typing
  non_ascii,
};

/// Looks at what has come in so far, up to the end of the first line.
ForeignProtocol detect_foreign_protocol(BytesView first_bytes);

}  // namespace peregrine
