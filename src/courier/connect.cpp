#include "courier/connect.h"

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
  std::string why = race.error == 0 ? "no address was tried" : ::strerror(race.error);
  // RFC 3463 section 3.5: X.4.1, no answer from host.
  return temporary("4.4.1", smtp::printable("cannot connect to " + race.failed_address + ": " + why,
                                            smtp::k_max_diagnostic));
}

}  // namespace

net::Task<std::expected<Connected, Failure>> connect_to_any(
    net::Gate& gate, std::vector<sys::SocketAddress> addresses, sys::SocketAddress source,
    std::chrono::milliseconds patience) {
  auto race = std::make_shared<Race>(gate.loop());
  for (const sys::SocketAddress& address : addresses) {
    gate.spawn(attempt(gate.loop(), race, address, source, deadline_in(patience)));
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
