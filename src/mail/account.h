#pragma once
// Account: one account's mail as core works on it. Names, counters and modseqs are in memory; views
// are loaded when asked for. Comes from Accounts::open() and is valid until the next call of
// Accounts; references that it gives out are valid until its next change. For core's loop thread.
//
// What changes something answers the commit's sequence beside the result. Nothing that depends on
// it, or on anything read here, may leave the process before Store::durable() reached the sequence
// (last_sequence() for what was read).

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "directory/directory.h"
#include "mail/change.h"
#include "mail/mailbox_name.h"
#include "mail/view.h"

namespace peregrine::mail {

using directory::Committed;

struct Limits {
  /// Of loaded accounts and views together. What was changed and is not durable yet stays over it.
  std::size_t memory_bytes = mib(256);
  std::size_t mailboxes = 10'000;  ///< of an account
  std::size_t subscriptions = 20'000;
  NameLimits names;
};

struct Mailbox {
  MailboxId id;
  MailboxRecord record;
  Counters counters;
};

struct Usage {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
};

/// Accounts that changed since core last asked, each once, with its latest commit.
class ChangeQueue {
 public:
  struct Changed {
    AccountId account;
    store::Sequence sequence;
  };
  void note(AccountId account, store::Sequence sequence) { changed_[account] = sequence; }
  std::vector<Changed> drain();

 private:
  std::map<AccountId, store::Sequence> changed_;
};

/// What all accounts have in common; owned by Accounts, which outlives them.
struct Shared {
  store::Store& store;
  const directory::Directory& directory;
  Limits limits;
  ChangeQueue changes;
};

/// How entries' flags change (RFC 9051 section 6.4.6). Keywords in lower case.
struct FlagUpdate {
  FlagChange change = FlagChange::replace;
  FlagSet flags;
  std::vector<std::string> keywords;
  /// RFC 7162 section 3.1.3: entries with a later modseq are left alone.
  std::optional<ModSeq> unchanged_since;
};

struct FlagsResult {
  ModSeq modseq;              ///< of the change; the mailbox's highest if nothing changed
  std::vector<Uid> changed;   ///< rising
  std::vector<Uid> modified;  ///< refused because of unchanged_since; rising
};

struct CopyResult {
  MailboxId mailbox;
  UidValidity uid_validity;
  std::vector<Uid> from;  ///< rising; uids that do not exist are left out
  std::vector<Uid> to;    ///< of the same length
};

struct RemoveResult {
  ModSeq modseq;
  std::vector<Uid> removed;  ///< rising
  bool more = false;         ///< the limit was reached: call again
};

struct Changes {
  bool too_old = false;      ///< the log does not reach back: `expunged` is empty, `changed` is all
  std::vector<Uid> changed;  ///< rising
  std::vector<UidRange> expunged;  ///< rising, none touching another
  ModSeq highest_modseq;
};

/// How many entries remove(), expunge() and move() handle in a commit when the caller has no reason
/// for another number: some milliseconds.
inline constexpr std::size_t k_entries_at_once = 1000;

/// Messages of an INBOX that is renamed: some 300 bytes of memory each while it is committed.
inline constexpr std::size_t k_most_renamed = 250'000;

class Account {
 public:
  Account(AccountId id, Shared& shared) : id_(id), shared_(shared) {}
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  [[nodiscard]] AccountId id() const { return id_; }
  [[nodiscard]] store::Sequence last_sequence() const { return last_sequence_; }
  [[nodiscard]] ModSeq highest_modseq() const { return header_.highest_modseq; }
  [[nodiscard]] const AccountHeader& header() const { return header_; }

  [[nodiscard]] const std::map<MailboxId, Mailbox>& mailboxes() const { return mailboxes_; }
  [[nodiscard]] const Mailbox* find(MailboxId mailbox) const;
  /// By name in any accepted spelling.
  [[nodiscard]] const Mailbox* find(std::string_view name) const;
  [[nodiscard]] const Mailbox* find(SpecialUse use) const;
  [[nodiscard]] const Mailbox& inbox() const { return mailboxes_.at(inbox_); }
  [[nodiscard]] bool has_children(const Mailbox& mailbox) const;
  /// Names, existing or not, in order.
  [[nodiscard]] const std::set<std::string>& subscriptions() const { return subscriptions_; }
  [[nodiscard]] Usage usage() const { return usage_; }
  [[nodiscard]] directory::Quota quota() const;
  /// True when `count` more entries of `bytes` together fit.
  [[nodiscard]] bool has_room(std::uint64_t bytes, std::uint64_t count) const;

  // RFC 9051 sections 6.3.4 to 6.3.8; account_mailboxes.cpp.
  std::expected<Committed<MailboxId>, MailError> create_mailbox(std::string_view name,
                                                                SpecialUse use = SpecialUse::none);
  /// The contents go with later calls of maintain().
  std::expected<store::Sequence, MailError> delete_mailbox(std::string_view name);
  /// Renaming INBOX moves its messages, in one commit, to a new mailbox of the new name; INBOX and
  /// its uid validity stay. Over k_most_renamed of them it is `over_limit`.
  std::expected<store::Sequence, MailError> rename_mailbox(std::string_view from,
                                                           std::string_view to);
  std::expected<store::Sequence, MailError> subscribe(std::string_view name);
  std::expected<store::Sequence, MailError> unsubscribe(std::string_view name);

  // Messages; account_messages.cpp. `uids` rise; unknown ones are passed over.
  std::expected<const View*, MailError> view(MailboxId mailbox);
  std::expected<Committed<CopyResult>, MailError> copy(MailboxId from, std::span<const Uid> uids,
                                                       MailboxId to);
  /// `from` and `to` may be the same. One commit for all of `uids`.
  std::expected<Committed<CopyResult>, MailError> move(MailboxId from, std::span<const Uid> uids,
                                                       MailboxId to);
  std::expected<Committed<FlagsResult>, MailError> store_flags(MailboxId mailbox,
                                                               std::span<const Uid> uids,
                                                               const FlagUpdate& update);
  /// Removes the messages, whatever their flags.
  std::expected<Committed<RemoveResult>, MailError> remove(MailboxId mailbox,
                                                           std::span<const Uid> uids, UnixTime now);
  /// Removes what is \Deleted; of `only`, when given (RFC 9051 section 6.4.9: UID EXPUNGE).
  std::expected<Committed<RemoveResult>, MailError> expunge(
      MailboxId mailbox, std::optional<std::span<const Uid>> only, UnixTime now,
      std::size_t limit = k_entries_at_once);

  /// What happened to the mailbox after `since` (RFC 7162 section 3.2).
  std::expected<Changes, MailError> changes_since(MailboxId mailbox, ModSeq since);
  /// The names of the keywords set in `bits`.
  [[nodiscard]] static std::vector<std::string> keyword_names(const Mailbox& mailbox,
                                                              std::uint64_t bits);

  /// One bounded step of what may wait: contents of deleted mailboxes, the expunge log before
  /// `keep_log_from`. True when there is more to do.
  std::expected<Committed<bool>, MailError> maintain(UnixTime keep_log_from,
                                                     std::size_t limit = k_entries_at_once);

  /// Bytes of memory that the account takes, near enough.
  [[nodiscard]] std::size_t memory() const;

 private:
  friend class Accounts;
  friend class Change;
  friend class Delivery;

  std::expected<void, MailError> load();
  void load_record(BytesView key, BytesView value);
  std::expected<void, MailError> initialise();
  void index_mailbox(Mailbox mailbox);
  void drop_views() { views_.clear(); }
  void refresh_usage();

  std::expected<store::Sequence, MailError> commit(Change& change);
  std::expected<const Mailbox*, MailError> selectable(MailboxId mailbox) const;

  // Mailboxes as a change will leave them: applied by adopt() after the commit.
  struct NamesChange;
  std::expected<void, MailError> add_parents(NamesChange& names, std::string_view name) const;
  std::expected<store::Sequence, MailError> rename_inbox(std::string_view target);
  Mailbox make_mailbox(NamesChange& names, std::string name) const;
  std::expected<store::Sequence, MailError> commit_names(NamesChange& names);

  // Keyword places of a mailbox, new ones added to a copy of its record.
  std::expected<std::uint64_t, MailError> keyword_bits(MailboxRecord& record,
                                                       std::span<const std::string> keywords,
                                                       const View* view) const;
  View* loaded_view(MailboxId mailbox);
  std::expected<View*, MailError> load_view(MailboxId mailbox);
  std::expected<Committed<CopyResult>, MailError> transfer(MailboxId from,
                                                           std::span<const Uid> uids, MailboxId to,
                                                           bool is_move);
  std::expected<void, MailError> read_expunged(MailboxId mailbox, ModSeq since,
                                               std::vector<UidRange>& out) const;
  std::expected<bool, MailError> purge_doomed(Change& change, std::size_t limit,
                                              std::vector<MailboxId>& finished);
  std::expected<bool, MailError> trim_log(Change& change, UnixTime keep_from, std::size_t limit);

  AccountId id_;
  Shared& shared_;
  AccountHeader header_;
  std::map<MailboxId, Mailbox> mailboxes_;
  std::map<std::string, MailboxId, std::less<>> by_name_;
  std::set<std::string> subscriptions_;
  std::set<MailboxId> doomed_;
  std::map<MailboxId, std::unique_ptr<View>> views_;
  Usage usage_;
  MailboxId inbox_;
  store::Sequence last_sequence_;
  bool has_header_ = false;
  bool header_damaged_ = false;
};

}  // namespace peregrine::mail
