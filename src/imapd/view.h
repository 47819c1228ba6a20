#pragma once
// MailboxView: a selected mailbox as this client has been told of it: the messages in order of
// their numbers, with flags. Sequence numbers are places in it; it changes only when the client is
// told, so a message that another session expunged stays until EXPUNGE may be sent. Pure.

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/flags.h"
#include "model/ids.h"
#include "proto/imap/command.h"

namespace peregrine::imapd {

struct ViewEntry {
  Uid uid;
  FlagSet flags;
  std::uint64_t keywords = 0;  ///< bit i: keyword i of the mailbox
  bool operator==(const ViewEntry&) const = default;
};

class MailboxView {
 public:
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(uids_.size()); }
  [[nodiscard]] Uid uid(std::uint32_t place) const { return Uid(uids_[place]); }
  [[nodiscard]] FlagSet flags(std::uint32_t place) const { return {flags_[place]}; }
  [[nodiscard]] std::uint64_t keywords(std::uint32_t place) const {
    return keywords_.empty() ? 0 : keywords_[place];
  }
  [[nodiscard]] Uid last_uid() const { return Uid(uids_.empty() ? 0 : uids_.back()); }
  [[nodiscard]] std::optional<std::uint32_t> find(Uid uid) const;

  void reserve(std::uint32_t messages);
  /// Adds a message at the end; its uid is larger than all others.
  void append(const ViewEntry& entry);
  /// Answers whether anything changed.
  bool set(std::uint32_t place, FlagSet flags, std::uint64_t keywords);
  /// Takes messages out; `uids` rise, unknown ones are passed over. Answers the sequence number
  /// that each had when those before it were gone already, as EXPUNGE tells them.
  std::vector<std::uint32_t> remove(std::span<const std::uint32_t> uids);

  /// The places that a client's set names, rising. UIDs that do not exist are passed over; a
  /// sequence number that does not exist is an error: nothing.
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> places(const imap::SequenceSet& set,
                                                                 imap::Numbering numbering) const;
  /// The place of the first message without \Seen.
  [[nodiscard]] std::optional<std::uint32_t> first_unseen() const;

 private:
  void collect(const imap::NumberRange& range, imap::Numbering numbering,
               std::vector<std::uint32_t>& places) const;

  // Parallel, one element a message: 5 bytes each as long as none has a keyword.
  std::vector<std::uint32_t> uids_;
  std::vector<std::uint8_t> flags_;
  std::vector<std::uint64_t> keywords_;  // empty while no message has any
};

/// The names of the keywords in `bits`, by the mailbox's table.
std::vector<std::string> keyword_names(std::uint64_t bits, std::span<const std::string> table);

/// The selected mailbox: the view and what does not concern single messages.
struct Selected {
  MailboxId mailbox;
  std::string name;  ///< UTF-8
  UidValidity uid_validity;
  ModSeq modseq;  ///< up to here the view knows of changes
  bool is_read_only = false;
  std::vector<std::string> keywords;  ///< by bit
  MailboxView view;
  /// Expunged, and the client has not been told yet; rising.
  std::vector<std::uint32_t> withheld;
};

}  // namespace peregrine::imapd
