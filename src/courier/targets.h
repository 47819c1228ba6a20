#pragma once
// Targets: the hosts that may take a destination's mail, in the order in which they are tried. RFC
// 5321 section 5.1 with RFC 7505, and what keeps mail from going where no stranger may send us: to
// ourselves, or to addresses that only this machine's network can reach.

#include <expected>
#include <memory>
#include <vector>

#include "config/settings.h"
#include "courier/failure.h"
#include "role/resolver_client.h"
#include "sys/sockets.h"

namespace peregrine::courier {

inline constexpr std::size_t k_most_hosts = 10;
inline constexpr std::size_t k_most_addresses = 8;  ///< of one host

struct TargetHost {
  std::string name;     ///< empty for an address literal
  std::string address;  ///< of a literal; empty for a name
};

struct Targets {
  std::vector<TargetHost> hosts;  ///< at least one
  std::uint16_t port = 25;
  bool is_route = false;  ///< named by the operator: no address of it is refused
  bool secure = false;    ///< the hosts were named under DNSSEC; also of an implicit MX
};

/// The addresses of one host.
struct HostAddresses {
  std::vector<sys::SocketAddress> addresses;  ///< IPv6 and IPv4 in turn; at least one
  bool secure = false;                        ///< all under DNSSEC
  std::string canonical_name;                 ///< where CNAMEs led, or empty
};

class TargetFinder {
 public:
  TargetFinder(const config::Settings& settings, std::shared_ptr<rpc::Channel> resolver)
      : settings_(settings), resolver_(std::move(resolver)) {}

  /// `route` may be null. `destination` is a domain or an address literal.
  net::Task<std::expected<Targets, Failure>> find(std::string destination,
                                                  const config::Route* route);
  net::Task<std::expected<HostAddresses, Failure>> resolve(TargetHost host, const Targets& of);

 private:
  net::Task<std::expected<Targets, Failure>> find_exchangers(std::string domain);
  [[nodiscard]] std::expected<Targets, Failure> from_records(const role::DnsAnswer& answer) const;
  [[nodiscard]] bool may_reach(const sys::SocketAddress& address) const;

  const config::Settings& settings_;
  std::shared_ptr<rpc::Channel> resolver_;  // owners: see rpc/channel.h
};

/// "[192.0.2.1]" and "[IPv6:2001:db8::1]": the address; nothing for another text.
std::optional<std::string> literal_address(std::string_view destination);

}  // namespace peregrine::courier
