#pragma once
// Delivery: one message on its way into several accounts, collected first and committed once. Used
// by Accounts::deliver() alone.

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "mail/accounts.h"

namespace peregrine::mail {

class Delivery {
 public:
  /// `message` is borrowed until commit() returned.
  Delivery(Accounts& accounts, const NewMessage& message);

  /// Plans one target. What it answers holds once commit() succeeded.
  Delivered add(const Target& target);
  std::expected<store::Sequence, MailError> commit(store::Commit commit);

 private:
  /// What one account gets.
  struct Plan {
    Account* account;
    Change change;
    MessageId message;
    std::map<MailboxId, MailboxRecord> records;  ///< with keywords added
    std::vector<std::pair<Delivered, Row>> entries;
  };

  std::expected<Plan*, DeliveryStatus> plan_of(AccountId account);
  std::expected<Entry, DeliveryStatus> make_entry(const Target& target, Plan& plan,
                                                  const Mailbox& mailbox);
  void write_message(Plan& plan);
  void apply(Plan& plan, store::Sequence sequence);

  Accounts& accounts_;
  const NewMessage& message_;
  UnixTime now_;
  Bytes message_record_;  ///< the same in every account
  Bytes text_record_;     ///< empty: none, or in a blob
  /// Summary and text when they are large; the views are the message's.
  std::vector<std::pair<store::BlobId, BytesView>> payload_blobs_;
  std::map<AccountId, Plan> plans_;
};

}  // namespace peregrine::mail
