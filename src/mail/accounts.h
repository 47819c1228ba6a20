#pragma once
// Accounts: the loaded accounts of the server under one memory budget, delivery to several of them
// in one commit, and what concerns all of them. One object, owned by core, for its loop thread.

#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "directory/directory.h"
#include "mail/account.h"
#include "mail/search_index.h"
#include "store/store.h"

namespace peregrine::mail {

/// A message that comes in. All views are borrowed for the call.
struct NewMessage {
  BytesView raw;
  store::BlobId blob;     ///< SHA-256 of `raw`; the store checks it
  BytesView summary;      ///< of encode_summary(), validated by the caller
  BytesView search_text;  ///< laid out as search.h says, folded
  UnixTime internal_date;
};

struct Target {
  AccountId account;
  MailboxId mailbox;         ///< none: the mailbox called `mailbox_name`
  std::string mailbox_name;  ///< empty: INBOX
  FlagSet flags;
  std::vector<std::string> keywords;
};

/// Never renumber: sent between processes.
enum class DeliveryStatus : std::uint8_t {
  delivered = 1,
  over_quota = 2,
  not_found = 3,    ///< no such account or mailbox, or one that cannot hold messages
  unavailable = 4,  ///< the account cannot be read now
  over_limit = 5,   ///< no uid or keyword left, or a size out of bounds
};

struct Delivered {
  DeliveryStatus status = DeliveryStatus::not_found;
  MailboxId mailbox;
  Uid uid;
  UidValidity uid_validity;
  ModSeq modseq;
  MessageId message;
};

class Accounts {
 public:
  /// `store` and `directory` outlive it.
  Accounts(store::Store& store, const directory::Directory& directory, const Limits& limits = {});
  ~Accounts();

  void set_limits(const Limits& limits) { shared_.limits = limits; }

  /// Loads the account if need be; makes INBOX and the standard mailboxes of a new one. Valid until
  /// the next call of any function here.
  std::expected<Account*, MailError> open(AccountId account);

  /// One commit for all targets that can take the message; the answer has one result a target, in
  /// order. An account gets the message once in each mailbox, however often it is named. `with` is
  /// committed along, also when no target takes the message: copies that leave the server.
  /// Errors are those of the whole commit.
  std::expected<Committed<std::vector<Delivered>>, MailError> deliver(
      std::span<const Target> targets, const NewMessage& message, store::Commit with = {});
  /// IMAP APPEND: as deliver() to one mailbox.
  std::expected<Committed<Delivered>, MailError> append(const Target& target,
                                                        const NewMessage& message);

  /// Accounts with commits since the last call, for core to tell watchers once they are durable.
  std::vector<ChangeQueue::Changed> drain_changed() { return shared_.changes.drain(); }

  /// RFC 1939 section 4: a POP3 session has the maildrop for itself. False when another holds it.
  bool lock_pop3(AccountId account, SessionId session);
  void unlock_pop3(AccountId account, SessionId session);

  /// Removes some of what an account left that is no longer in the directory; true when there is
  /// more. Answers `exists` for an account that is still there.
  std::expected<Committed<bool>, MailError> purge(AccountId account,
                                                  std::size_t limit = k_entries_at_once);
  /// Accounts that have mail and no directory entry: purges cut short. Empty while the directory
  /// is damaged, since an unreadable entry is not a removed account.
  std::expected<std::vector<AccountId>, MailError> orphans();

  /// Commits what plan_index() planned, unless the account's index moved on since.
  std::expected<std::optional<store::Sequence>, MailError> commit_index(IndexPlan plan);

  [[nodiscard]] std::size_t memory() const { return memory_; }
  [[nodiscard]] std::size_t loaded() const { return slots_.size(); }

 private:
  friend class Delivery;

  struct Slot {
    std::unique_ptr<Account> account;
    std::list<AccountId>::iterator age;
    std::size_t measured = 0;
  };

  /// open() without making room: other accounts stay valid.
  std::expected<Account*, MailError> load(AccountId account);
  void measure(AccountId account);
  void trim(AccountId keep);
  void forget(AccountId account);

  Shared shared_;
  std::unordered_map<AccountId, Slot> slots_;  // ids are ours (V43)
  std::list<AccountId> ages_;                  ///< least recently used first
  std::size_t memory_ = 0;
  std::vector<AccountId> touched_;  ///< to be measured again
  std::unordered_map<AccountId, SessionId> pop3_locks_;
};

}  // namespace peregrine::mail
