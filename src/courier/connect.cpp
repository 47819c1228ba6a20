#include "courier/connect.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include "net/connect.h"
#include "net/event.h"

namespace peregrine::courier {
namespace {

// RFC 8305 section 5: the recommended Connection Attempt Delay.
constexpr std::chrono::milliseconds k_stagger{250};

struct Race {
  explicit Race(net::Loop& loop) : changed(loop) {}
  net::Event changed;
  std::optional<Connected> winner;
  std::size_t running = 0;
  int error = 0;
  std::string failed_address;
};

// Owners of the race: the one who waits for it, and every attempt.
net::Task<void> attempt(net::Loop& loop, std::shared_ptr<Race> race, sys::SocketAddress address,
                        sys::SocketAddress source, Deadline deadline) {
  ++race->running;
  auto stream = co_await net::connect_tcp(loop, address, source, deadline);
  --race->running;
  if (stream && !race->winner) {
    race->winner.emplace(std::move(*stream), address);
  } else if (!stream) {
    race->error = stream.error();
    race->failed_address = address.ip_text();
  }
  race->changed.notify();
}

Failure no_connection(const Race& race) {
  if (race.failed_address.empty()) {
    return temporary("4.4.1", "the host has no address that the source address could reach");
  }
  std::string why = ::strerror(race.error);
  if (race.error == EADDRNOTAVAIL) why = "the source address is none of this machine's";
  // RFC 3463 section 3.5: X.4.1, no answer from host.
  return temporary("4.4.1", smtp::printable("cannot connect to " + race.failed_address + ": " + why,
                                            smtp::k_max_diagnostic));
}

}  // namespace

SourceAddresses SourceAddresses::of(std::string_view ipv4, std::string_view ipv6) {
  SourceAddresses out;
  if (!ipv4.empty()) out.ipv4 = sys::SocketAddress::parse_ip(ipv4, 0);
  if (!ipv6.empty()) out.ipv6 = sys::SocketAddress::parse_ip(ipv6, 0);
  return out;
}

std::optional<sys::SocketAddress> SourceAddresses::for_peer(const sys::SocketAddress& peer) const {
  if (!ipv4 && !ipv6) return sys::SocketAddress();
  return peer.kind() == sys::AddressKind::ipv6 ? ipv6 : ipv4;
}

net::Task<std::expected<Connected, Failure>> connect_to_any(
    net::Gate& gate, std::vector<sys::SocketAddress> addresses, SourceAddresses sources,
    std::chrono::milliseconds patience) {
  auto race = std::make_shared<Race>(gate.loop());
  for (const sys::SocketAddress& address : addresses) {
    auto source = sources.for_peer(address);
    if (!source) continue;
    gate.spawn(attempt(gate.loop(), race, address, *source, deadline_in(patience)));
    Deadline next = deadline_in(k_stagger);
    while (!race->winner && race->running > 0) {
      net::WaitResult wait = co_await race->changed.wait(next);
      if (wait != net::WaitResult::ready) break;
    }
    if (race->winner) break;
  }
  while (!race->winner && race->running > 0) {
    // Every attempt has a deadline of its own.
    static_cast<void>(co_await race->changed.wait(Deadline::max()));
  }
  if (!race->winner) co_return std::unexpected(no_connection(*race));
  co_return std::move(*race->winner);
}

}  // namespace peregrine::courier
