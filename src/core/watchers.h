#pragma once
// Watchers: who waits for changes of an account. A change is told once it is durable; several
// before the waiter has looked count as one. For core's loop thread alone.

#include <map>
#include <unordered_map>
#include <vector>

#include "model/ids.h"
#include "net/event.h"
#include "store/store.h"

namespace peregrine::core {

class Watchers {
 public:
  /// One that waits, from construction to destruction. `watchers` outlives it.
  class Watcher {
   public:
    Watcher(Watchers& watchers, net::Loop& loop, AccountId account);
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    /// Ready when something changed since the last wait began; cancelled by cancel().
    [[nodiscard]] net::Event::Wait changed() { return event_.wait(Deadline::max()); }
    void cancel() { event_.cancel(); }

   private:
    friend class Watchers;
    Watchers& watchers_;
    AccountId account_;
    net::Event event_;
  };

  /// The account changed with that commit.
  void note(AccountId account, store::Sequence sequence);
  void advance(store::Sequence durable);
  /// Wakes who watches the account, whatever is durable: a session of it has ended.
  void wake(AccountId account);

 private:
  std::unordered_map<AccountId, std::vector<Watcher*>> watchers_;
  std::map<AccountId, store::Sequence> pending_;  ///< changes of watched accounts, not durable yet
};

}  // namespace peregrine::core
