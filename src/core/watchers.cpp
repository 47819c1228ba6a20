#include "core/watchers.h"

#include <algorithm>

namespace peregrine::core {

Watchers::Watcher::Watcher(Watchers& watchers, net::Loop& loop, AccountId account)
    : watchers_(watchers), account_(account), event_(loop) {
  watchers_.watchers_[account].push_back(this);
}

Watchers::Watcher::~Watcher() {
  auto found = watchers_.watchers_.find(account_);
  std::erase(found->second, this);
  if (found->second.empty()) watchers_.watchers_.erase(found);
}

void Watchers::note(AccountId account, store::Sequence sequence) {
  // Who begins to watch later reads the change, and waits for its sequence, on the first look.
  if (watchers_.contains(account)) pending_[account] = sequence;
}

void Watchers::advance(store::Sequence durable) {
  std::vector<AccountId> ready;
  for (auto& [account, sequence] : pending_) {
    if (sequence <= durable) ready.push_back(account);
  }
  for (AccountId account : ready) {
    pending_.erase(account);
    wake(account);
  }
}

void Watchers::wake(AccountId account) {
  auto found = watchers_.find(account);
  if (found == watchers_.end()) return;
  // A watcher that is woken may end, and with it the list.
  std::vector<Watcher*> woken = found->second;
  for (Watcher* watcher : woken) {
    found = watchers_.find(account);
    if (found == watchers_.end()) return;
    if (std::ranges::find(found->second, watcher) != found->second.end()) watcher->event_.notify();
  }
}

}  // namespace peregrine::core
