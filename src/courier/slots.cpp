#include "courier/slots.h"

#include <algorithm>
#include <vector>

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

net::Task<Entry> Slots::enter(Errand& errand, std::uint32_t most, Deadline deadline) {
  std::string destination = errand.lease.destination();
  // The one that was used last is the least likely to be closed by the server.
  auto idle = std::find_if(idle_.rbegin(), idle_.rend(),
                           [&](const Idle* each) { return each->destination_ == destination; });
  if (idle != idle_.rend()) {
    wake(**idle, &errand);
    co_return Entry::taken;
  }
  while (limit(destination, most) <= places_[destination].running) {
    Waiting waiting{net::Event(loop_), errand};
    places_[destination].waiting.push_back(&waiting);
    net::WaitResult wait = co_await waiting.freed.wait(deadline);
    if (waiting.is_taken) co_return Entry::taken;
    std::erase(places_[destination].waiting, &waiting);
    if (wait != net::WaitResult::ready) {
      forget(destination, most);
      co_return Entry::timed_out;
    }
  }
  ++places_[destination].running;
  co_return Entry::entered;
}

Errand* Slots::adopt(const std::string& destination) {
  auto place = places_.find(destination);
  if (place == places_.end() || place->second.waiting.empty()) return nullptr;
  Waiting* first = place->second.waiting.front();
  place->second.waiting.pop_front();
  Errand* errand = &first->errand;
  first->is_taken = true;
  first->freed.notify();
  return errand;
}

Slots::Idle::Idle(Slots& slots, std::string destination, std::function<void()> wake)
    : slots_(slots), destination_(std::move(destination)), wake_(std::move(wake)) {
  slots_.idle_.push_back(this);
}

Slots::Idle::~Idle() {
  slots_.idle_.remove(this);
}

void Slots::wake(Idle& idle, Errand* errand) {
  idle_.remove(&idle);
  idle.errand_ = errand;
  idle.wake_();
}

void Slots::end_oldest_idle() {
  if (!idle_.empty()) wake(*idle_.front(), nullptr);
}

void Slots::close() {
  while (!idle_.empty()) end_oldest_idle();
  // Who is woken runs at once, and changes the places.
  std::vector<Waiting*> all;
  for (auto& [destination, place] : places_) {
    all.insert(all.end(), place.waiting.begin(), place.waiting.end());
    place.waiting.clear();
  }
  for (Waiting* waiting : all) waiting->freed.cancel();
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
