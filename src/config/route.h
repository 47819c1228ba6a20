#pragma once
// Route: an exception to the rule that mail goes to the exchangers of its domain: a next hop, how
// TLS is used, a source address, how fast. One text in the configuration file:
//
//   "* smtp://relay.example.net:587 tls=verify user=me"
//   "example.org mx tls=dane"
//   ".example.net smtps://[192.0.2.1] source=198.51.100.7"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/types.h"

namespace peregrine::config {

struct Route {
  /// Whose mail: a domain, ".domain" for all beneath it, "*" for all.
  std::string domain;
  /// The next hop, a name or an address without brackets; empty: the domain's exchangers.
  std::string host;
  std::uint16_t port = 0;  ///< 0: 25 for exchangers (outbound.port), 587, or 465 with smtps
  bool implicit_tls = false;
  std::optional<OutboundTls> tls;  ///< none: verify for a relay with a user, else outbound.tls
  std::string user;                ///< its password stands in outbound.credentials
  std::string source;              ///< the address to connect from; empty: the system's choice
  std::uint32_t connections = 0;   ///< to one destination at a time; 0: as for all
  std::uint32_t rate = 0;          ///< messages a minute to one destination; 0: as for all
  bool operator==(const Route&) const = default;
};

/// Nothing when the text is none of a route.
std::optional<Route> parse_route(std::string_view text);
/// As parse_route() reads it.
std::string write_route(const Route& route);

inline constexpr std::uint32_t k_most_connections = 100;
inline constexpr std::uint32_t k_most_rate = 1'000'000;

/// The route whose domain fits best: the name itself, then the longest ".domain", then "*"; null
/// when there is none. `domain` is in lower case; a literal such as "[192.0.2.1]" fits "*" alone.
const Route* find_route(const std::vector<Route>& routes, std::string_view domain);

/// An IP address in the one text that the system writes for it.
bool is_canonical_ip(std::string_view text);

}  // namespace peregrine::config
