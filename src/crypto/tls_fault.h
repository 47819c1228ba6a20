#pragma once
// Which kind of proof a handshake of ours failed for want of, by what TlsConnection::error() says.

#include <cstdint>
#include <string_view>

namespace peregrine::crypto {

enum class TlsFault : std::uint8_t {
  host_mismatch,
  expired,      ///< or not valid yet
  not_trusted,  ///< no authority that is known, or no record's, stands behind it
  other,        ///< the proof is not what failed
};

TlsFault fault_of(std::string_view error);

}  // namespace peregrine::crypto
