#pragma once
// Core: what the handlers of calls work on, in one place: the model, who is logged in, who watches,
// the pools, and the wait for the disk. One object, on core's loop thread.

#include <cstdint>
#include <set>

#include "config/settings.h"
#include "core/admin.h"
#include "core/authenticator.h"
#include "core/bans.h"
#include "core/budgets.h"
#include "core/courier_waits.h"
#include "core/durability.h"
#include "core/model.h"
#include "core/pool.h"
#include "core/scram.h"
#include "core/sessions.h"
#include "core/submission_rates.h"
#include "core/watchers.h"
#include "net/gate.h"

namespace peregrine::core {

class Core {
 public:
  /// Starts threads. `gate` outlives it, and has drained before it ends.
  Core(net::Gate& gate, config::Settings settings, Model opened);

  void apply(config::Settings fresh);

  /// Everything that was read of the account depends on commits up to this one.
  [[nodiscard]] store::Sequence sequence_of(AccountId account);
  /// Tells the watchers of what has been committed since the last call.
  void settle();
  /// Ends a session and what it holds.
  bool release(SessionId session, std::uint64_t channel);
  void release_channel(std::uint64_t channel);
  /// Ends all of an account's sessions: who was logged in is not any more. Their watches end, and
  /// with them the clients are told.
  void release_account(AccountId account);
  /// Waits until the disk has the account's last commit.
  [[nodiscard]] Durability::Wait durable(AccountId account) {
    return durability.until(sequence_of(account));
  }

  net::Gate& gate;
  net::Loop& loop;
  config::Settings settings;
  Model model;
  Pool hashing;   ///< passwords
  Pool reading;   ///< messages
  Pool scanning;  ///< searches, and the upkeep of their index
  Sessions sessions;
  Authenticator authenticator;
  Scram scram;
  Watchers watchers;
  Durability durability;
  Admin admin;
  Budgets budgets;
  Bans bans;
  CourierWaits courier_waits;
  SubmissionRates submission_rates;
  std::uint64_t calls_served = 0;
  /// Called when a process has broken a rule of its calls; may be empty.
  std::function<void(Role role, std::uint32_t index)> refused;
  std::uint64_t calls_refused = 0;  ///< against a rule: their channels were closed
  std::set<AccountId> changed;      ///< for the upkeep, since its last turn
  bool is_stopping = false;
  bool is_verifying = false;  ///< the upkeep rests meanwhile

 private:
  void unlock(const Sessions::Redeemed& ended);
};

}  // namespace peregrine::core
