#include "courier/slots.h"

#include <algorithm>

namespace peregrine::courier {
namespace {

// Destinations whose reduced limit is remembered while nothing goes there.
constexpr std::size_t k_most_remembered = 10000;

}  // namespace

std::uint32_t Slots::limit(const std::string& destination, std::uint32_t most) const {
  auto place = places_.find(destination);
  if (place == places_.end() || place->second.limit == 0) return most;
  return std::min(place->second.limit, most);
}

net::Task<Entry> Slots::enter(std::string destination, std::uint32_t most,
                              api::LeaseResponse& lease, Deadline deadline) {
  while (limit(destination, most) <= places_[destination].running) {
    Waiting waiting{net::Event(loop_), lease};
    places_[destination].waiting.push_back(&waiting);
    net::WaitResult wait = co_await waiting.freed.wait(deadline);
    if (waiting.is_adopted) co_return Entry::adopted;
    std::erase(places_[destination].waiting, &waiting);
    if (wait != net::WaitResult::ready) {
      forget(destination, most);
      co_return Entry::timed_out;
    }
  }
  ++places_[destination].running;
  co_return Entry::entered;
}

std::optional<api::LeaseResponse> Slots::adopt(const std::string& destination) {
  auto place = places_.find(destination);
  if (place == places_.end() || place->second.waiting.empty()) return std::nullopt;
  Waiting* first = place->second.waiting.front();
  place->second.waiting.pop_front();
  api::LeaseResponse lease = std::move(first->lease);
  first->is_adopted = true;
  first->freed.notify();
  return lease;
}

void Slots::leave(const std::string& destination, std::uint32_t most, Visit visit) {
  Place& place = places_[destination];
  std::uint32_t before = limit(destination, most);
  if (visit == Visit::too_many) {
    place.limit = std::max(1U, std::min(before, place.running) / 2);
    place.successes = 0;
  } else if (visit == Visit::welcome && ++place.successes >= before) {
    place.limit = before + 1 < most ? before + 1 : 0;
    place.successes = 0;
  }
  if (place.running > 0) --place.running;
  std::uint32_t now = limit(destination, most);
  std::uint32_t room = now - std::min(now, place.running);
  // Who is woken runs at once, and may leave again before this goes on: each turn looks anew.
  for (; room > 0; --room) {
    auto again = places_.find(destination);
    if (again == places_.end() || again->second.waiting.empty()) break;
    Waiting* first = again->second.waiting.front();
    again->second.waiting.pop_front();
    first->freed.notify();
  }
  forget(destination, most);
}

void Slots::forget(const std::string& destination, std::uint32_t most) {
  auto place = places_.find(destination);
  if (place == places_.end() || place->second.running > 0 || !place->second.waiting.empty()) return;
  bool is_reduced = place->second.limit != 0 && place->second.limit < most;
  if (!is_reduced || places_.size() > k_most_remembered) places_.erase(place);
}

}  // namespace peregrine::courier
