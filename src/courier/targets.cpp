#include "courier/targets.h"

#include <algorithm>
#include <random>

#include "crypto/hash.h"

namespace peregrine::courier {
namespace {

constexpr std::chrono::seconds k_lookup_time{30};

Failure lookup_failure(std::string_view what, const role::DnsAnswer& answer) {
  std::string text = "the name server gave no answer for " + std::string(what);
  if (!answer.reason.empty()) text += ": " + answer.reason;
  // RFC 3463 section 3.5: X.4.3, directory server failure.
  return temporary("4.4.3", smtp::printable(text, smtp::k_max_diagnostic));
}

/// Equal preferences in an order of chance.
void shuffle(std::vector<dns::MxRecord>& records) {
  std::minstd_rand chance(static_cast<std::uint32_t>(crypto::random_u64()));
  std::ranges::shuffle(records, chance);
  std::ranges::sort(records, {}, &dns::MxRecord::preference);
}

std::vector<sys::SocketAddress> read_addresses(const role::DnsAnswer& answer, dns::Type type,
                                               std::uint16_t port) {
  std::vector<sys::SocketAddress> out;
  for (const Bytes& record : answer.records) {
    auto text = dns::parse_address(type, record);
    auto address = text ? sys::SocketAddress::parse_ip(*text, port) : std::nullopt;
    if (address && out.size() < k_most_addresses / 2) out.push_back(*address);
  }
  return out;
}

/// One of each in turn, beginning with the first list.
std::vector<sys::SocketAddress> interleave(const std::vector<sys::SocketAddress>& first,
                                           const std::vector<sys::SocketAddress>& second) {
  std::vector<sys::SocketAddress> out;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

std::uint16_t port_of(const config::Route& route, const config::Settings& settings) {
  if (route.port != 0) return route.port;
  if (route.implicit_tls) return standard_port(Service::submissions);
  if (!route.host.empty()) return standard_port(Service::submission);
  return static_cast<std::uint16_t>(settings.outbound.port);
}

}  // namespace

std::optional<std::string> literal_address(std::string_view destination) {
  if (destination.size() < 3 || destination.front() != '[' || destination.back() != ']') {
    return std::nullopt;
  }
  std::string_view inner = destination.substr(1, destination.size() - 2);
  if (istarts_with(inner, "IPv6:")) inner.remove_prefix(5);
  if (!sys::SocketAddress::parse_ip(inner, 0)) return std::nullopt;
  return std::string(inner);
}

net::Task<std::expected<Targets, Failure>> TargetFinder::find(std::string destination,
                                                              const config::Route* route) {
  if (route != nullptr && !route->host.empty()) {
    bool is_address = sys::SocketAddress::parse_ip(route->host, 0).has_value();
    Targets out{.port = port_of(*route, settings_), .is_route = true};
    out.hosts.push_back(is_address ? TargetHost{"", route->host} : TargetHost{route->host, ""});
    co_return out;
  }
  auto port = static_cast<std::uint16_t>(settings_.outbound.port);
  if (destination.starts_with('[')) {
    auto address = literal_address(destination);
    if (!address) co_return std::unexpected(permanent("5.1.2", "no such address"));
    co_return Targets{.hosts = {{"", std::move(*address)}}, .port = port};
  }
  auto found = co_await find_exchangers(std::move(destination));
  if (found) found->port = port;
  co_return found;
}

net::Task<std::expected<Targets, Failure>> TargetFinder::find_exchangers(std::string domain) {
  role::DnsAnswer answer =
      co_await role::lookup(resolver_, domain, dns::Type::mx, deadline_in(k_lookup_time));
  switch (answer.status) {
    case api::DNS_OK:
      co_return from_records(answer);
    case api::DNS_NO_DATA: {
      // RFC 5321 section 5.1: without MX records the domain itself is the host.
      Targets out{.hosts = {{domain, ""}}, .secure = answer.secure};
      co_return out;
    }
    case api::DNS_NO_NAME:
      co_return std::unexpected(permanent("5.1.2", "there is no domain " + domain));
    case api::DNS_BAD_NAME:
      co_return std::unexpected(permanent("5.1.2", "this is not the name of a domain"));
    default:
      co_return std::unexpected(lookup_failure(domain, answer));
  }
}

std::expected<Targets, Failure> TargetFinder::from_records(const role::DnsAnswer& answer) const {
  std::vector<dns::MxRecord> records;
  for (const Bytes& rdata : answer.records) {
    if (auto record = dns::parse_mx(rdata)) records.push_back(std::move(*record));
  }
  // RFC 7505 section 3: one record with the root as exchanger says that there is no mail.
  if (records.size() == 1 && records.front().exchange.empty()) {
    return std::unexpected(permanent("5.1.10", "the domain takes no mail (null MX)"));
  }
  std::erase_if(records, [](const dns::MxRecord& each) { return each.exchange.empty(); });
  if (records.empty()) {
    return std::unexpected(temporary("4.4.4", "the domain's MX records cannot be read"));
  }
  shuffle(records);
  // RFC 5321 section 5.1: where we stand ourselves, only hosts that are preferred to us.
  auto own = std::ranges::find(records, settings_.server.hostname, &dns::MxRecord::exchange);
  if (own != records.end()) {
    std::uint16_t preference = own->preference;
    std::erase_if(records, [=](const auto& each) { return each.preference >= preference; });
    if (records.empty()) {
      return std::unexpected(
          permanent("5.4.6", "the domain's mail comes here, and is not wanted here"));
    }
  }
  Targets out{.secure = answer.secure};
  for (dns::MxRecord& each : records) {
    if (out.hosts.size() < k_most_hosts) out.hosts.push_back({std::move(each.exchange), ""});
  }
  return out;
}

/// No stranger's record leads us to ourselves or into the network behind us.
bool TargetFinder::may_reach(const sys::SocketAddress& address) const {
  return settings_.outbound.allow_loopback || address.is_global();
}

net::Task<std::expected<HostAddresses, Failure>> TargetFinder::resolve(TargetHost host,
                                                                       const Targets& of) {
  HostAddresses out;
  if (!host.address.empty()) {
    out.addresses.push_back(*sys::SocketAddress::parse_ip(host.address, of.port));
  } else {
    bool has_ipv6 = settings_.outbound.ipv6;
    role::DnsAnswer six;
    if (has_ipv6) {
      six =
          co_await role::lookup(resolver_, host.name, dns::Type::aaaa, deadline_in(k_lookup_time));
    }
    role::DnsAnswer four =
        co_await role::lookup(resolver_, host.name, dns::Type::a, deadline_in(k_lookup_time));
    std::vector<sys::SocketAddress> ipv6;
    if (has_ipv6) ipv6 = read_addresses(six, dns::Type::aaaa, of.port);
    out.addresses = interleave(ipv6, read_addresses(four, dns::Type::a, of.port));
    out.secure = (six.secure || !has_ipv6) && four.secure;
    out.canonical_name = four.canonical_name.empty() ? six.canonical_name : four.canonical_name;
    bool knows_six = !has_ipv6 || six.is_denied() || six.has_records();
    bool knows_four = four.is_denied() || four.has_records();
    // RFC 7672 section 2.1.2: where one answer is under DNSSEC, that the other does not come may be
    // an attack on what it would lead to.
    bool may_be_secure = (of.secure || of.is_route) && (six.secure || four.secure);
    if ((out.addresses.empty() || may_be_secure) && !(knows_six && knows_four)) {
      co_return std::unexpected(lookup_failure(host.name, knows_four ? six : four));
    }
    if (out.addresses.empty()) {
      co_return std::unexpected(permanent("5.4.4", host.name + " has no address"));
    }
  }
  if (!of.is_route) {
    std::erase_if(out.addresses, [this](const auto& address) { return !may_reach(address); });
  }
  if (out.addresses.empty()) {
    co_return std::unexpected(
        permanent("5.4.4", "the host has no address that may be reached from here"));
  }
  co_return out;
}

}  // namespace peregrine::courier
