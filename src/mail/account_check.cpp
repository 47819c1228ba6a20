#include "mail/account_check.h"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "mail/mailbox_name.h"
#include "mail/search_index.h"
#include "model/summary.h"

namespace peregrine::mail {
namespace {

constexpr std::string_view k_undecodable = "the record does not decode";

}  // namespace

void AccountCheck::found(KeyFamily family, std::uint64_t id, std::string what) {
  report_(
      {fmt::format("account {} {} {}", account_.value, family_name(family), id), std::move(what)});
}

void AccountCheck::visit(BytesView key, BytesView value) {
  auto parsed = parse_key(key);
  if (!parsed) {
    report_({fmt::format("account {} key {}", account_.value, to_hex(key)), "not a key"});
    return;
  }
  switch (parsed->family) {
    case KeyFamily::header: {
      saw_header_ = true;
      auto record = decode_header(value);
      if (!record) return found(parsed->family, 0, std::string(k_undecodable));
      header_ = *record;
      return;
    }
    case KeyFamily::mailbox:
      return mailbox(*parsed, value);
    case KeyFamily::counters:
      return counters(*parsed, value);
    case KeyFamily::subscription:
      if (!decode_marker(value) || !is_normal_name(parsed->name)) {
        found(parsed->family, 0, "not a name: " + to_hex(parsed->name));
      }
      return;
    case KeyFamily::doomed:
      doomed_.insert(MailboxId(parsed->first));
      if (mailboxes_.contains(MailboxId(parsed->first))) {
        found(parsed->family, parsed->first, "deleted, and still there");
      }
      return;
    case KeyFamily::entry:
      return entry(*parsed, value);
    case KeyFamily::expunged:
      return expunged(*parsed, value);
    case KeyFamily::message:
      return message(*parsed, value);
    case KeyFamily::references:
      return references(*parsed, value);
    case KeyFamily::text:
      return text(*parsed, value);
    case KeyFamily::index_block:
      return block(*parsed, value);
    case KeyFamily::index_rows:
      return rows(*parsed, value);
  }
}

void AccountCheck::mailbox(const ParsedKey& key, BytesView value) {
  MailboxId id(key.first);
  auto record = decode_mailbox(value);
  if (!record) return found(key.family, key.first, std::string(k_undecodable));
  bool twice = !names_.insert(record->name).second;
  twice |= !validities_.insert(record->uid_validity).second;
  if (twice) found(key.family, key.first, "another mailbox has its name or its UIDVALIDITY");
  if (header_ && (id >= header_->next_mailbox || id.is_none() ||
                  record->uid_validity.value > header_->last_uid_validity)) {
    found(key.family, key.first, "id or UIDVALIDITY was never given out");
  }
  mailboxes_[id].record = *std::move(record);
}

void AccountCheck::counters(const ParsedKey& key, BytesView value) {
  auto known = mailboxes_.find(MailboxId(key.first));
  if (known == mailboxes_.end()) return found(key.family, key.first, "belongs to no mailbox");
  auto record = decode_counters(value);
  if (!record) return found(key.family, key.first, std::string(k_undecodable));
  if (header_ && record->highest_modseq > header_->highest_modseq) {
    found(key.family, key.first, "modseq lies beyond the account's");
  }
  known->second.counters = *record;
}

void AccountCheck::entry(const ParsedKey& key, BytesView value) {
  MailboxId id(key.first);
  auto known = mailboxes_.find(id);
  auto record = decode_entry(value);
  if (!record) return found(key.family, key.second, std::string(k_undecodable));
  if (known == mailboxes_.end() && !doomed_.contains(id)) {
    return found(key.family, key.second, fmt::format("there is no mailbox {}", key.first));
  }
  ++entries_[record->message];
  auto [size, is_first] = sizes_.try_emplace(record->message, record->size);
  if (size->second != record->size) found(key.family, key.second, "size differs from a copy's");
  if (header_ && record->message >= header_->next_message) {
    found(key.family, key.second, "message id was never given out");
  }
  if (known == mailboxes_.end()) return;
  MailboxCheck& check = known->second;
  check.uids.emplace_back(static_cast<std::uint32_t>(key.second));
  ++check.found.messages;
  check.found.size += record->size;
  if (!record->flags.has(Flag::seen)) ++check.found.unseen;
  if (record->flags.has(Flag::deleted)) ++check.found.deleted;
  std::size_t places = check.record->keywords.size();
  if (places < k_max_keywords && record->keywords >> places != 0) {
    found(key.family, key.second, "has a keyword that its mailbox has not");
  }
  if (check.counters && (record->modseq > check.counters->highest_modseq || key.second == 0 ||
                         key.second >= check.counters->uid_next.value)) {
    found(key.family, key.second, "uid or modseq lies beyond the mailbox's");
  }
}

void AccountCheck::expunged(const ParsedKey& key, BytesView value) {
  auto known = mailboxes_.find(MailboxId(key.first));
  auto record = decode_expunged(value);
  if (!record) return found(key.family, key.second, std::string(k_undecodable));
  if (known == mailboxes_.end()) {
    if (!doomed_.contains(MailboxId(key.first))) {
      found(key.family, key.second, "belongs to no mailbox");
    }
    return;
  }
  MailboxCheck& check = known->second;
  check.expunged.insert(check.expunged.end(), record->uids.begin(), record->uids.end());
  if (check.counters && (key.second <= check.counters->log_floor.value ||
                         key.second > check.counters->highest_modseq.value)) {
    found(key.family, key.second, "lies outside the log");
  }
}

void AccountCheck::message(const ParsedKey& key, BytesView value) {
  MessageId id(key.second);
  auto record = decode_message(value);
  if (!record) return found(key.family, key.second, std::string(k_undecodable));
  messages_[id] = record->size;
  if (!entries_.contains(id)) found(key.family, key.second, "no mailbox has it");
  if (!record->summary.blob && !decode_summary(record->summary.inline_bytes, record->size)) {
    found(key.family, key.second, "the summary does not decode");
  }
  store::PartitionId partition = partition_of(account_);
  links_.push_back({record->blob, partition, id.value});
  if (record->summary.blob) links_.push_back({*record->summary.blob, partition, id.value});
  if (record->text_blob) links_.push_back({*record->text_blob, partition, id.value});
}

void AccountCheck::references(const ParsedKey& key, BytesView value) {
  auto record = decode_references(value);
  if (!record) return found(key.family, key.second, std::string(k_undecodable));
  references_[MessageId(key.second)] = *record;
}

void AccountCheck::text(const ParsedKey& key, BytesView value) {
  if (!decode_bytes(value)) found(key.family, key.second, std::string(k_undecodable));
  if (!messages_.contains(MessageId(key.second))) {
    found(key.family, key.second, "belongs to no message");
  }
}

void AccountCheck::block(const ParsedKey& key, BytesView value) {
  auto record = decode_block(value);
  if (!record) return found(key.family, key.first, std::string(k_undecodable));
  BlockId id(key.first);
  blocks_[id] = k_signature_bits / k_group_rows;
  for (MessageId message : record->messages) {
    if (!indexed_.insert(message).second) {
      found(key.family, key.first, fmt::format("message {} is in two blocks", message.value));
    }
  }
  if (header_ && (id >= header_->next_block || record->messages.back() >= header_->index_next)) {
    found(key.family, key.first, "block or message lies beyond the index");
  }
}

void AccountCheck::rows(const ParsedKey& key, BytesView value) {
  auto known = blocks_.find(BlockId(key.first));
  if (known == blocks_.end()) return found(key.family, key.first, "belongs to no block");
  auto bytes = decode_bytes(value);
  if (!bytes || bytes->size() != k_group_rows * k_row_bytes) {
    return found(key.family, key.first, std::string(k_undecodable));
  }
  if (known->second > 0) --known->second;
}

void AccountCheck::finish() {
  if (!saw_header_) found(KeyFamily::header, 0, "missing");
  bool has_inbox = false;
  for (auto& [id, check] : mailboxes_) {
    has_inbox |= check.record->name == k_inbox;
    finish_mailbox(id, check);
  }
  if (!has_inbox) found(KeyFamily::mailbox, 0, "there is no INBOX");
  finish_messages();
  finish_blocks();
}

void AccountCheck::finish_mailbox(MailboxId id, MailboxCheck& check) {
  if (!check.counters) return found(KeyFamily::counters, id.value, "missing");
  std::string_view parent = parent_name(check.record->name);
  if (!parent.empty() && !names_.contains(parent)) {
    found(KeyFamily::mailbox, id.value, "its superior name is missing");
  }
  const Counters& said = *check.counters;
  const Counters& seen = check.found;
  if (said.messages != seen.messages || said.unseen != seen.unseen ||
      said.deleted != seen.deleted || said.size != seen.size) {
    found(KeyFamily::counters, id.value,
          fmt::format("count {} messages ({} unseen, {} deleted, {} bytes); there are {} ({}, {}, "
                      "{})",
                      said.messages, said.unseen, said.deleted, said.size, seen.messages,
                      seen.unseen, seen.deleted, seen.size));
  }
  if (check.record->no_select && seen.messages != 0) {
    found(KeyFamily::mailbox, id.value, "cannot be selected, and has messages");
  }
  finish_log(id, check);
}

void AccountCheck::finish_log(MailboxId id, MailboxCheck& check) {
  std::ranges::sort(check.expunged, {}, &UidRange::first);
  std::uint64_t logged = 0;
  std::uint64_t after = 1;
  for (const UidRange& range : check.expunged) {
    if (range.first.value < after) found(KeyFamily::expunged, id.value, "a uid left twice");
    after = std::uint64_t{range.first.value} + range.count;
    logged += range.count;
    auto next = std::ranges::lower_bound(check.uids, range.first);
    if (next != check.uids.end() && next->value < after) {
      found(KeyFamily::expunged, id.value, "a uid left, and is still there");
    }
  }
  if (after > check.counters->uid_next.value) {
    found(KeyFamily::expunged, id.value, "a uid left that was never given out");
  }
  // Once a part of the log was dropped it no longer accounts for every uid.
  std::uint64_t given_out = check.counters->uid_next.value - 1;
  if (check.counters->log_floor.is_none() && logged + check.uids.size() != given_out) {
    found(KeyFamily::expunged, id.value,
          fmt::format("of {} uids given out {} are there and {} left", given_out, check.uids.size(),
                      logged));
  }
}

void AccountCheck::finish_messages() {
  for (const auto& [message, count] : entries_) {
    auto known = messages_.find(message);
    if (known == messages_.end()) {
      found(KeyFamily::message, message.value, "missing, and a mailbox has it");
    } else if (known->second != sizes_.at(message)) {
      found(KeyFamily::message, message.value, "size differs from its entry's");
    }
    auto said = references_.find(message);
    if (count != (said == references_.end() ? 1 : said->second)) {
      found(KeyFamily::references, message.value, fmt::format("{} entries have it", count));
    }
  }
  for (const auto& [message, count] : references_) {
    if (!entries_.contains(message)) {
      found(KeyFamily::references, message.value, "belongs to no message");
    }
  }
}

void AccountCheck::finish_blocks() {
  for (const auto& [block, missing] : blocks_) {
    if (missing != 0) found(KeyFamily::index_rows, block.value, "rows are missing");
  }
}

}  // namespace peregrine::mail
