#include "mail/change.h"

#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "mail/account.h"
#include "mail/read.h"

namespace peregrine::mail {

Change::Change(Account& account, store::Store& store)
    : account_(account), store_(store), header_(account.header_) {
  header_.highest_modseq = header_.highest_modseq.next();
}

Counters& Change::counters(MailboxId mailbox) {
  auto [found, is_new] = counters_.try_emplace(mailbox);
  if (is_new) {
    if (const Mailbox* known = account_.find(mailbox)) found->second = known->counters;
    found->second.highest_modseq = modseq();
  }
  return found->second;
}

void Change::put(Bytes key, Bytes value) {
  writes_.push_back({std::move(key), std::move(value)});
}

void Change::remove(Bytes key) {
  writes_.push_back({std::move(key), std::nullopt});
}

void Change::count(Counters& counters, const Entry& entry) {
  ++counters.messages;
  counters.size += entry.size;
  if (!entry.flags.has(Flag::seen)) ++counters.unseen;
  if (entry.flags.has(Flag::deleted)) ++counters.deleted;
}

void Change::uncount(Counters& counters, const Entry& entry) {
  // Counters of a mailbox with damaged records may say less than what is there.
  auto down = [](auto& counter, auto by) { counter = counter < by ? 0 : counter - by; };
  down(counters.messages, 1U);
  down(counters.size, std::uint64_t{entry.size});
  if (!entry.flags.has(Flag::seen)) down(counters.unseen, 1U);
  if (entry.flags.has(Flag::deleted)) down(counters.deleted, 1U);
}

Uid Change::add_entry(MailboxId mailbox, const Entry& entry) {
  Counters& counters = this->counters(mailbox);
  Uid uid = counters.uid_next;
  counters.uid_next = uid.next();
  count(counters, entry);
  put(entry_key(mailbox, uid), encode(entry));
  return uid;
}

Uid Change::move_entry(MailboxId from, Uid uid, const Entry& before, MailboxId to,
                       const Entry& after) {
  uncount(counters(from), before);
  remove(entry_key(from, uid));
  return add_entry(to, after);
}

void Change::replace_entry(MailboxId mailbox, Uid uid, const Entry& before, const Entry& after) {
  Counters& counters = this->counters(mailbox);
  uncount(counters, before);
  count(counters, after);
  put(entry_key(mailbox, uid), encode(after));
}

std::expected<void, MailError> Change::remove_entry(MailboxId mailbox, Uid uid,
                                                    const Entry& entry) {
  uncount(counters(mailbox), entry);
  remove(entry_key(mailbox, uid));
  return drop_reference(entry.message);
}

void Change::raise_log_floor(MailboxId mailbox, ModSeq floor) {
  counters(mailbox).log_floor = floor;
}

void Change::log_expunged(MailboxId mailbox, const std::vector<Uid>& uids, UnixTime now) {
  put(expunged_key(mailbox, modseq()), encode(ExpungedRecord{now, to_ranges(uids)}));
}

std::expected<std::uint32_t*, MailError> Change::references(MessageId message) {
  auto [found, is_new] = references_.try_emplace(message);
  if (is_new) {
    auto value = store_.get(partition_of(account_.id()), references_key(message));
    if (!value) return std::unexpected(from_store(value.error()));
    std::uint32_t count = 1;
    if (*value) {
      auto record = decode_references(**value);
      if (!record) return std::unexpected(MailError::corrupt);
      count = *record;
    }
    found->second = {count, count};
  }
  return &found->second.now;
}

std::expected<void, MailError> Change::add_reference(MessageId message) {
  TRY(std::uint32_t* count, references(message));
  ++*count;
  return {};
}

std::expected<void, MailError> Change::drop_reference(MessageId message) {
  TRY(std::uint32_t* count, references(message));
  if (*count > 0) --*count;
  return {};
}

void Change::link(const store::BlobId& blob, MessageId message) {
  links_.push_back({blob, partition_of(account_.id()), message.value});
}

std::expected<void, MailError> Change::destroy(MessageId message) {
  store::PartitionId partition = partition_of(account_.id());
  remove(message_key(message));
  remove(text_key(message));
  auto record = read_message(store_, account_.id(), message);
  if (!record && record.error() == MailError::io) return std::unexpected(MailError::io);
  // What a damaged record linked stays linked: verify() names it, and nothing else is lost.
  if (!record) return {};
  unlinks_.push_back({record->blob, partition, message.value});
  if (record->summary.blob) unlinks_.push_back({*record->summary.blob, partition, message.value});
  if (record->text_blob) unlinks_.push_back({*record->text_blob, partition, message.value});
  return {};
}

std::expected<void, MailError> Change::finish_into(store::Commit& commit) {
  for (const auto& [message, count] : references_) {
    if (count.now == count.before) continue;
    if (count.now == 0) {
      TRY_VOID(destroy(message));
    }
    if (count.now > 1) {
      put(references_key(message), encode_references(count.now));
    } else if (count.before > 1) {
      remove(references_key(message));
    }
  }
  for (const auto& [mailbox, count] : counters_) put(counters_key(mailbox), encode(count));
  put(header_key(), encode(header_));
  commit.partitions.push_back({partition_of(account_.id()), std::nullopt, std::move(writes_)});
  std::ranges::move(links_, std::back_inserter(commit.links));
  std::ranges::move(unlinks_, std::back_inserter(commit.unlinks));
  return {};
}

void Change::apply(store::Sequence sequence) {
  account_.header_ = header_;
  account_.last_sequence_ = sequence;
  for (const auto& [mailbox, count] : counters_) {
    auto known = account_.mailboxes_.find(mailbox);
    if (known == account_.mailboxes_.end()) continue;
    Usage& usage = account_.usage_;
    usage.bytes += count.size - known->second.counters.size;
    usage.messages += count.messages;
    usage.messages -= known->second.counters.messages;
    known->second.counters = count;
  }
  account_.shared_.changes.note(account_.id(), sequence);
}

}  // namespace peregrine::mail
