#pragma once
// The records of an account's partition, as docs/format/mail.md describes them. Every decoder
// treats its bytes as hostile (V09, V10): what it returns lies within the bounds named here.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "directory/record.h"
#include "mail/keys.h"
#include "model/flags.h"
#include "model/ids.h"
#include "store/store.h"

namespace peregrine::mail {

using directory::RecordError;

/// Message ids fit in five bytes, sizes in four: a view's row is that small.
inline constexpr std::uint64_t k_max_message_id = (std::uint64_t{1} << 40) - 1;
inline constexpr std::uint64_t k_max_message_size = UINT32_MAX;
/// Internal dates fit in five bytes, which spans 17,000 years to either side of 1970.
inline constexpr std::int64_t k_max_date = (std::int64_t{1} << 39) - 1;
/// Summaries and texts up to this size stand in the record; larger ones are blobs of their own, so
/// that a large one is stored once for all recipients.
inline constexpr std::size_t k_max_inline = kib(8);
inline constexpr std::size_t k_max_payload = mib(8);
inline constexpr std::size_t k_max_name_record = kib(4);

struct AccountHeader {
  MailboxId next_mailbox{1};
  MessageId next_message{1};
  ModSeq highest_modseq{1};
  std::uint32_t last_uid_validity = 0;
  /// Messages from this one on are not in the search index yet.
  MessageId index_next{1};
  BlockId next_block{1};
  bool operator==(const AccountHeader&) const = default;
};

/// RFC 6154 section 2. Never renumber: stored.
enum class SpecialUse : std::uint8_t {
  none = 0,
  drafts = 1,
  sent = 2,
  junk = 3,
  trash = 4,
  archive = 5,
};

struct MailboxRecord {
  std::string name;  ///< normalised: see mailbox_name.h
  UidValidity uid_validity;
  SpecialUse use = SpecialUse::none;
  bool no_select = false;
  /// A keyword's place is its bit in Entry::keywords.
  std::vector<std::string> keywords;
  bool operator==(const MailboxRecord&) const = default;
};

struct Counters {
  Uid uid_next{1};
  std::uint32_t messages = 0;
  std::uint32_t unseen = 0;
  std::uint32_t deleted = 0;  ///< entries with \Deleted
  std::uint64_t size = 0;     ///< sum of the entries' message sizes
  ModSeq highest_modseq{1};
  /// Expunges up to this modseq are no longer in the log.
  ModSeq log_floor;
  bool operator==(const Counters&) const = default;
};

/// A message in a mailbox.
struct Entry {
  MessageId message;
  FlagSet flags;
  std::uint64_t keywords = 0;
  ModSeq modseq;
  UnixTime internal_date;
  std::uint32_t saved = 0;  ///< when it came into the mailbox (RFC 8514), seconds since 1970
  std::uint32_t size = 0;   ///< of the raw message
  bool operator==(const Entry&) const = default;
};

/// Bytes that stand in a record or, when large, in a blob.
struct Payload {
  Bytes inline_bytes;
  std::optional<store::BlobId> blob;
  bool operator==(const Payload&) const = default;
};

/// What never changes of a message.
struct MessageRecord {
  store::BlobId blob;
  std::uint64_t size = 0;
  MessageId thread;  ///< none: the message's own id
  Payload summary;   ///< what encode_summary() wrote
  /// The text for search when it is too large for its own record.
  std::optional<store::BlobId> text_blob;
  bool operator==(const MessageRecord&) const = default;
};

struct UidRange {
  Uid first;
  std::uint32_t count = 0;
  bool operator==(const UidRange&) const = default;
};

/// What left a mailbox under one modseq. Ranges rise and do not touch.
struct ExpungedRecord {
  UnixTime when;
  std::vector<UidRange> uids;
  bool operator==(const ExpungedRecord&) const = default;
};

/// The messages of a block of the search index; message i owns bit i of each row. Ids rise.
struct BlockRecord {
  std::vector<MessageId> messages;
  bool operator==(const BlockRecord&) const = default;
};

Bytes encode(const AccountHeader& record);
Bytes encode(const MailboxRecord& record);
Bytes encode(const Counters& record);
Bytes encode(const Entry& record);
Bytes encode(const MessageRecord& record);
Bytes encode(const ExpungedRecord& record);
Bytes encode(const BlockRecord& record);
Bytes encode_marker();  ///< subscriptions and doomed mailboxes: the key says it all
Bytes encode_references(std::uint32_t count);
Bytes encode_bytes(BytesView bytes);  ///< texts and rows

template <class T>
using Decoded = std::expected<T, RecordError>;
Decoded<AccountHeader> decode_header(BytesView bytes);
Decoded<MailboxRecord> decode_mailbox(BytesView bytes);
Decoded<Counters> decode_counters(BytesView bytes);
Decoded<Entry> decode_entry(BytesView bytes);
Decoded<MessageRecord> decode_message(BytesView bytes);
Decoded<ExpungedRecord> decode_expunged(BytesView bytes);
Decoded<BlockRecord> decode_block(BytesView bytes);
Decoded<bool> decode_marker(BytesView bytes);
Decoded<std::uint32_t> decode_references(BytesView bytes);
/// A view into `bytes`.
Decoded<BytesView> decode_bytes(BytesView bytes);

/// Rising uids as ranges.
std::vector<UidRange> to_ranges(const std::vector<Uid>& uids);

}  // namespace peregrine::mail
