#pragma once
// The keys of an account's partition. Numbers in keys are fixed-width and big-endian, so that the
// order of keys is the order of uids, modseqs and message ids. docs/format/mail.md describes them.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "model/ids.h"
#include "store/store.h"

namespace peregrine::mail {

using BlockId = StrongId<struct BlockTag, std::uint32_t>;  ///< of the search index

/// First byte of a key. Never renumber: stored. What is read when an account is loaded stands
/// first, so that loading is one scan.
enum class KeyFamily : std::uint8_t {
  header = 1,
  mailbox = 2,       ///< + mailbox id
  counters = 3,      ///< + mailbox id
  subscription = 4,  ///< + mailbox name
  doomed = 5,        ///< + mailbox id: deleted, its contents are being removed
  entry = 16,        ///< + mailbox id + uid
  expunged = 17,     ///< + mailbox id + modseq
  message = 18,      ///< + message id
  references = 19,   ///< + message id: entries of the message, when more than one
  text = 20,         ///< + message id: what search reads
  index_block = 21,  ///< + block id
  index_rows = 22,   ///< + block id + group of rows
};

inline store::PartitionId partition_of(AccountId account) {
  return store::PartitionId(account.value);
}

Bytes header_key();
Bytes mailbox_key(MailboxId mailbox);
Bytes counters_key(MailboxId mailbox);
Bytes subscription_key(std::string_view name);
Bytes doomed_key(MailboxId mailbox);
Bytes entry_key(MailboxId mailbox, Uid uid);
Bytes expunged_key(MailboxId mailbox, ModSeq modseq);
Bytes message_key(MessageId message);
Bytes references_key(MessageId message);
Bytes text_key(MessageId message);
Bytes block_key(BlockId block);
Bytes rows_key(BlockId block, std::uint32_t group);

/// The keys of [first, end).
struct KeyRange {
  Bytes first;
  Bytes end;
};
KeyRange family_range(KeyFamily family);
/// What loading an account reads.
KeyRange account_range();
/// The entries (or log records) of one mailbox.
KeyRange mailbox_range(KeyFamily family, MailboxId mailbox);
KeyRange block_range(BlockId block);

/// What a key says, as far as its family has it; nothing for bytes that are no key of ours.
struct ParsedKey {
  KeyFamily family = KeyFamily::header;
  std::uint32_t first = 0;   ///< mailbox or block id
  std::uint64_t second = 0;  ///< uid, modseq, message id or group
  BytesView name;            ///< of a subscription
};
std::optional<ParsedKey> parse_key(BytesView key);

/// The name of a family in reports and dumps.
std::string_view family_name(KeyFamily family);

}  // namespace peregrine::mail
