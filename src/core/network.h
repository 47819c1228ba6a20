#pragma once
// What is counted and banned as one: an IPv4 address, or an IPv6 /64 whose addresses are all one
// customer's.

#include <optional>
#include <string>

#include "sys/sockets.h"

namespace peregrine::core {

/// Nothing for what is no address.
inline std::optional<sys::SocketAddress> network_of(std::string_view address) {
  auto parsed = sys::SocketAddress::parse_ip(address, 0);
  if (!parsed) return std::nullopt;
  return parsed->network(parsed->kind() == sys::AddressKind::ipv6 ? 64 : 32);
}

/// "192.0.2.1", "2001:db8::/64".
inline std::string network_text(const sys::SocketAddress& network) {
  return network.ip_text() + (network.kind() == sys::AddressKind::ipv6 ? "/64" : "");
}

}  // namespace peregrine::core
