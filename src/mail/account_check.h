#pragma once
// AccountCheck: what verify() looks at in one account, in one pass over its keys in their order,
// which brings mailboxes before entries and entries before messages.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mail/records.h"
#include "mail/verify.h"

namespace peregrine::mail {

class AccountCheck {
 public:
  /// `links` gets each link that the account's messages should have.
  AccountCheck(AccountId account, const Report& report, std::vector<store::BlobLink>& links)
      : account_(account), report_(report), links_(links) {}

  void visit(BytesView key, BytesView value);
  /// After the last key.
  void finish();

 private:
  struct MailboxCheck {
    std::optional<MailboxRecord> record;
    std::optional<Counters> counters;
    Counters found;  ///< counted from the entries
    std::vector<Uid> uids;
    std::vector<UidRange> expunged;
  };

  void mailbox(const ParsedKey& key, BytesView value);
  void counters(const ParsedKey& key, BytesView value);
  void entry(const ParsedKey& key, BytesView value);
  void expunged(const ParsedKey& key, BytesView value);
  void message(const ParsedKey& key, BytesView value);
  void references(const ParsedKey& key, BytesView value);
  void text(const ParsedKey& key, BytesView value);
  void block(const ParsedKey& key, BytesView value);
  void rows(const ParsedKey& key, BytesView value);
  void finish_mailbox(MailboxId id, MailboxCheck& check);
  void finish_log(MailboxId id, MailboxCheck& check);
  void finish_messages();
  void finish_blocks();
  void found(KeyFamily family, std::uint64_t id, std::string what);

  AccountId account_;
  const Report& report_;
  std::vector<store::BlobLink>& links_;
  bool saw_header_ = false;
  std::optional<AccountHeader> header_;
  std::map<MailboxId, MailboxCheck> mailboxes_;
  std::set<std::string, std::less<>> names_;
  std::set<UidValidity> validities_;
  std::set<MailboxId> doomed_;
  std::map<MessageId, std::uint32_t> entries_;   ///< how many name the message
  std::map<MessageId, std::uint64_t> messages_;  ///< sizes
  std::map<MessageId, std::uint32_t> sizes_;     ///< as the entries have it
  std::map<MessageId, std::uint32_t> references_;
  std::map<BlockId, std::size_t> blocks_;  ///< groups of rows still missing
  std::set<MessageId> indexed_;
};

}  // namespace peregrine::mail
