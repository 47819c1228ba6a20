#pragma once
// What of the world shares a bound: an IPv4 address, or the /64 of an IPv6 address.

#include <string>

namespace peregrine::core {

/// The prefix of an IP address as bytes. Empty for this machine and for what is no address: these
/// have no bound of their own.
std::string prefix_of(const std::string& peer);

}  // namespace peregrine::core
