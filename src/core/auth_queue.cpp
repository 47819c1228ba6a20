#include "core/auth_queue.h"

#include <algorithm>
#include <tuple>

namespace peregrine::core {

bool AuthQueue::Waiting::precedes(const Waiting& other) const {
  return std::tie(standing, load, other.number) < std::tie(other.standing, other.load, number);
}

AuthQueue::Network& AuthQueue::network_of(const std::string& name) {
  Deadline now = Monotonic::now();
  auto found = networks_.find(name);
  if (found == networks_.end()) {
    if (networks_.size() >= k_most_networks) forget_some(now);
    found = networks_.try_emplace(name).first;
  }
  if (found->second.forget <= now) found->second.failures = 0;
  return found->second;
}

void AuthQueue::forget_some(Deadline now) {
  std::erase_if(networks_, [now](const auto& entry) {
    return entry.second.present == 0 && entry.second.forget <= now;
  });
  if (networks_.size() < k_most_networks) return;
  std::erase_if(networks_, [](const auto& entry) { return entry.second.present == 0; });
}

bool AuthQueue::make_room(const Waiting& newcomer) {
  if (running_ + waiting_.size() < limits_.in_all) return true;
  auto last = std::ranges::max_element(
      waiting_, [](const Waiting* a, const Waiting* b) { return a->precedes(*b); });
  if (last == waiting_.end() || !newcomer.precedes(**last)) return false;
  net::Waiter* waiter = (*last)->waiter;
  waiting_.erase(last);
  waiter->finish(net::WaitResult::cancelled);
  return true;
}

net::Task<bool> AuthQueue::enter(std::string network, Standing standing, std::size_t most) {
  Network& mine = network_of(network);
  if (mine.present >= most) co_return false;
  Waiting me{standing, mine.failures + mine.present, next_number_++};
  // Before anything of another coroutine runs: it may come here as well.
  ++mine.present;
  bool has_room = make_room(me);
  if (!has_room) {
    --network_of(network).present;
    co_return false;
  }
  if (running_ < limits_.running) {
    ++running_;
    co_return true;
  }
  waiting_.push_back(&me);
  Deadline deadline = deadline_in(limits_.longest_wait);
  net::WaitResult result = co_await net::WaitFor(loop_, me.waiter, deadline);
  if (result == net::WaitResult::ready) co_return true;
  std::erase(waiting_, &me);
  --network_of(network).present;
  co_return false;
}

void AuthQueue::leave(const std::string& name, Outcome outcome) {
  Network& network = network_of(name);
  --network.present;
  if (outcome == Outcome::wrong) {
    ++network.failures;
    network.forget = Monotonic::now() + k_memory;
  } else if (network.present == 0 && network.failures == 0) {
    networks_.erase(name);
  }
  --running_;
  call_next();
}

void AuthQueue::call_next() {
  if (waiting_.empty() || running_ >= limits_.running) return;
  auto first = std::ranges::min_element(
      waiting_, [](const Waiting* a, const Waiting* b) { return a->precedes(*b); });
  net::Waiter* waiter = (*first)->waiter;
  waiting_.erase(first);
  // Its turn is counted before it runs.
  ++running_;
  waiter->finish(net::WaitResult::ready);
}

}  // namespace peregrine::core
