#pragma once
// Connecting to one of a host's addresses: the next one is tried a quarter of a second after the
// one before, or at once when that failed; the first to answer wins. RFC 8305.

#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "courier/failure.h"
#include "net/gate.h"
#include "net/stream.h"
#include "sys/sockets.h"

namespace peregrine::courier {

/// Where connections come from, by family. Without either: the system's choice. With one of them
/// the other family is not used.
struct SourceAddresses {
  std::optional<sys::SocketAddress> ipv4;
  std::optional<sys::SocketAddress> ipv6;

  /// From "192.0.2.7" and "2001:db8::7", each of which may be empty.
  static SourceAddresses of(std::string_view ipv4, std::string_view ipv6);
  /// Nothing: no connection to that address.
  [[nodiscard]] std::optional<sys::SocketAddress> for_peer(const sys::SocketAddress& peer) const;
};

struct Connected {
  net::Stream stream;
  sys::SocketAddress address;
};

/// Attempts that lose run to their end in `gate`.
net::Task<std::expected<Connected, Failure>> connect_to_any(
    net::Gate& gate, std::vector<sys::SocketAddress> addresses, SourceAddresses sources,
    std::chrono::milliseconds patience);

}  // namespace peregrine::courier
