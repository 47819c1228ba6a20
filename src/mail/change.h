#pragma once
// Change: what one commit will do to one account. It takes the account's next modseq, works on
// copies of the header and the counters, and reaches the account's state only when the commit
// succeeded. Lives shorter than any other change to the same account.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mail/error.h"
#include "mail/records.h"
#include "store/store.h"

namespace peregrine::mail {

class Account;

class Change {
 public:
  Change(Account& account, store::Store& store);

  [[nodiscard]] ModSeq modseq() const { return header_.highest_modseq; }
  [[nodiscard]] Account& account() const { return account_; }
  AccountHeader& header() { return header_; }
  /// The mailbox's counters as the commit will leave them; their modseq is this change's.
  Counters& counters(MailboxId mailbox);

  void put(Bytes key, Bytes value);
  void remove(Bytes key);

  /// Writes `entry` as the mailbox's next uid and counts it. The caller has checked that there is
  /// a uid left.
  Uid add_entry(MailboxId mailbox, const Entry& entry);
  /// Removes an entry, uncounts it and gives up its reference to the message.
  std::expected<void, MailError> remove_entry(MailboxId mailbox, Uid uid, const Entry& entry);
  /// Makes an entry that of another mailbox, with that mailbox's next uid; `after` is what is
  /// written there, and names the same message. The caller logs what left.
  Uid move_entry(MailboxId from, Uid uid, const Entry& before, MailboxId to, const Entry& after);
  /// Gives an entry other flags and counts them.
  void replace_entry(MailboxId mailbox, Uid uid, const Entry& before, const Entry& after);
  /// Logs that `uids`, which rise, left the mailbox.
  void log_expunged(MailboxId mailbox, const std::vector<Uid>& uids, UnixTime now);

  /// Expunges up to `floor` are no longer in the log.
  void raise_log_floor(MailboxId mailbox, ModSeq floor);

  /// One entry more, or less, names the message. Not for a message that this change makes.
  std::expected<void, MailError> add_reference(MessageId message);
  std::expected<void, MailError> drop_reference(MessageId message);
  void link(const store::BlobId& blob, MessageId message);

  /// Moves all of it into `commit`. Messages without an entry left are removed here.
  std::expected<void, MailError> finish_into(store::Commit& commit);
  /// The commit succeeded: the account's state becomes this change's.
  void apply(store::Sequence sequence);

  [[nodiscard]] bool has_writes() const { return !writes_.empty() || !references_.empty(); }

 private:
  void count(Counters& counters, const Entry& entry);
  void uncount(Counters& counters, const Entry& entry);
  std::expected<std::uint32_t*, MailError> references(MessageId message);
  std::expected<void, MailError> destroy(MessageId message);

  Account& account_;
  store::Store& store_;
  AccountHeader header_;
  std::map<MailboxId, Counters> counters_;
  struct References {
    std::uint32_t before = 0;
    std::uint32_t now = 0;
  };
  std::map<MessageId, References> references_;
  std::vector<store::Write> writes_;
  std::vector<store::BlobLink> links_;
  std::vector<store::BlobLink> unlinks_;
};

}  // namespace peregrine::mail
