#include "courier/slots.h"

#include <algorithm>
#include <vector>

namespace peregrine::courier {
namespace {

// Places whose reduced limit is remembered while nothing goes there.
constexpr std::size_t k_most_remembered = 10000;

}  // namespace

std::uint32_t Slots::limit(const std::string& place, std::uint32_t most) const {
  auto found = places_.find(place);
  if (found == places_.end() || found->second.limit == 0) return most;
  return std::min(found->second.limit, most);
}

net::Task<Entry> Slots::enter(Errand& errand, std::uint32_t most, Deadline deadline) {
  std::string place = errand.place;
  // The one that was used last is the least likely to be closed by the server.
  auto idle = std::find_if(idle_.rbegin(), idle_.rend(),
                           [&](const Idle* each) { return each->place_ == place; });
  if (idle != idle_.rend()) {
    wake(**idle, &errand);
    co_return Entry::taken;
  }
  while (limit(place, most) <= places_[place].running) {
    Waiting waiting{net::Event(loop_), errand};
    places_[place].waiting.push_back(&waiting);
    net::WaitResult wait = co_await waiting.freed.wait(deadline);
    if (waiting.is_taken) co_return Entry::taken;
    std::erase(places_[place].waiting, &waiting);
    if (wait != net::WaitResult::ready) {
      forget(place, most);
      co_return Entry::timed_out;
    }
  }
  ++places_[place].running;
  co_return Entry::entered;
}

Errand* Slots::adopt(const std::string& place) {
  auto found = places_.find(place);
  if (found == places_.end() || found->second.waiting.empty()) return nullptr;
  Waiting* first = found->second.waiting.front();
  found->second.waiting.pop_front();
  Errand* errand = &first->errand;
  first->is_taken = true;
  first->freed.notify();
  return errand;
}

Slots::Idle::Idle(Slots& slots, std::string place, std::function<void()> wake)
    : slots_(slots), place_(std::move(place)), wake_(std::move(wake)) {
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
  for (auto& [name, traffic] : places_) {
    all.insert(all.end(), traffic.waiting.begin(), traffic.waiting.end());
    traffic.waiting.clear();
  }
  for (Waiting* waiting : all) waiting->freed.cancel();
}

void Slots::leave(const std::string& place, std::uint32_t most, Visit visit) {
  Traffic& traffic = places_[place];
  std::uint32_t before = limit(place, most);
  if (visit == Visit::too_many) {
    traffic.limit = std::max(1U, std::min(before, traffic.running) / 2);
    traffic.successes = 0;
  } else if (visit == Visit::welcome && ++traffic.successes >= before) {
    traffic.limit = before + 1 < most ? before + 1 : 0;
    traffic.successes = 0;
  }
  if (traffic.running > 0) --traffic.running;
  std::uint32_t now = limit(place, most);
  std::uint32_t room = now - std::min(now, traffic.running);
  // Who is woken runs at once, and may leave again before this goes on: each turn looks anew.
  for (; room > 0; --room) {
    auto again = places_.find(place);
    if (again == places_.end() || again->second.waiting.empty()) break;
    Waiting* first = again->second.waiting.front();
    again->second.waiting.pop_front();
    first->freed.notify();
  }
  forget(place, most);
}

void Slots::forget(const std::string& place, std::uint32_t most) {
  auto found = places_.find(place);
  if (found == places_.end() || found->second.running > 0 || !found->second.waiting.empty()) return;
  bool is_reduced = found->second.limit != 0 && found->second.limit < most;
  if (!is_reduced || places_.size() > k_most_remembered) places_.erase(place);
}

}  // namespace peregrine::courier
