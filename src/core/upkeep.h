#pragma once
// Upkeep: what nobody waits for: mail that expires in the queue, what is
// known of other servers and over, blobs without a link, the mail of
// removed accounts, deleted mailboxes, the history of expunges, and the search index. In small
// steps between the calls; what is cut short is found again after the next start.

#include <functional>
#include <optional>
#include <set>

#include "core/core.h"
#include "net/event.h"

namespace peregrine::core {

/// Removes what is left of removed accounts, a step a turn of the loop, until `stops`.
net::Task<void> purge_orphans(Core& core, std::function<bool()> stops);

class Upkeep {
 public:
  explicit Upkeep(Core& core);

  /// Runs until stop(). Once.
  net::Task<void> run();
  void stop();
  /// One turn of run(), which takes one every few seconds.
  net::Task<void> turn();

 private:
  net::Task<void> tend(AccountId account);
  net::Task<void> index(AccountId account);
  net::Task<void> purge();
  void purge_greylist();
  void purge_remote();
  net::Task<void> tend_queue();
  void collect();

  Core& core_;
  net::Event wake_;
  bool stopping_ = false;
  Deadline next_round_;                    ///< when every account is looked at again
  std::optional<store::Sequence> purged_;  ///< of the directory, when all orphans were gone
  std::set<AccountId> due_;                ///< of the present round
};

}  // namespace peregrine::core
