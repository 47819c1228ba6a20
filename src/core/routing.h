#pragma once
// Routing: where a message goes, recipient by recipient: accounts here, and addresses elsewhere. A
// delivery is planned for all recipients, and then made in one commit, local and remote together.

#include <map>
#include <vector>

#include "api/delivery.pb.h"
#include "core/content.h"
#include "core/core.h"

namespace peregrine::core {

/// No setting allows more recipients in a transaction.
inline constexpr int k_most_recipients = 10000;

struct Route {
  api::RecipientVerdict verdict = api::RECIPIENT_UNKNOWN;
  std::vector<AccountId> accounts;
  std::vector<Address> remotes;  ///< where aliases, or a rewritten sender, lead to
  /// The recipient's own address, canonical; nothing for "postmaster" alone.
  std::optional<Address> address;
};

/// `size`: of the message, for quotas.
Route find_route(Core& core, const std::string& recipient, std::uint64_t size);
/// NOT_LOCAL is OK when `elsewhere` is: what an account sends.
enum class Elsewhere : bool { refused, sent };
api::DeliverOutcome outcome_of(const Core& core, const Route& route, Elsewhere elsewhere);

/// Whether the sender of a message is who it says: an account of ours, or vouched for by SPF or
/// DKIM.
enum class SenderTrust : bool { doubtful, verified };

/// A message to several recipients.
class Distribution {
 public:
  Distribution(Core& core, queue::NewMessage about, SenderTrust trust, UnixTime now)
      : core_(core), about_(std::move(about)), trust_(trust), now_(now) {}

  /// Remembers where the recipient's copies go.
  void add(const api::Recipient& recipient, const Route& route);
  void add_event(queue::Event event) { events_.push_back(std::move(event)); }

  struct Made {
    store::Sequence sequence;
    bool has_queued = false;
    std::vector<mail::DeliveryStatus> statuses;  ///< of each added recipient
  };
  /// One commit. `content` is what `about` describes. `with`: what is committed along.
  std::expected<Made, api::DeliverOutcome> make(const mail::NewMessage& content,
                                                queue::Change with);

 private:
  struct Added {
    std::vector<AccountId> accounts;
  };

  void add_remotes(const api::Recipient& recipient, const Route& route);
  void add_success(const api::Recipient& recipient, const Route& route);
  std::expected<std::string, queue::QueueError> sender_for(const std::string& domain,
                                                           queue::Change& change);
  std::expected<bool, queue::QueueError> enqueue(queue::Change& change);
  void tell_local();

  Core& core_;
  queue::NewMessage about_;  ///< without recipients
  SenderTrust trust_;
  UnixTime now_;
  std::vector<Added> added_;
  std::vector<mail::Target> targets_;
  std::map<AccountId, std::size_t> target_of_;
  /// By the domain of ours that sends them on; empty: they are sent as they came.
  std::map<std::string, std::map<std::string, queue::NewRecipient>> remotes_;
  std::vector<queue::NewRecipient> told_;  ///< delivered here, and their sender wants to know
  std::vector<std::string> local_;         ///< addresses
  std::vector<queue::Event> events_;
};

}  // namespace peregrine::core
