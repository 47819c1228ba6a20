// What happened to an account's mailboxes, and the removal of what is no longer needed.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "mail/account.h"

namespace peregrine::mail {
namespace {

/// Sorts the ranges and makes one of those that touch or overlap.
void join_ranges(std::vector<UidRange>& ranges) {
  std::ranges::sort(ranges, {}, &UidRange::first);
  std::size_t kept = 0;
  for (const UidRange& range : ranges) {
    // A range ends before 2^32: the decoder has checked it.
    if (kept > 0 && range.first.value <= ranges[kept - 1].first.value + ranges[kept - 1].count) {
      UidRange& last = ranges[kept - 1];
      last.count = std::max(last.count, range.first.value + range.count - last.first.value);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
}

}  // namespace

std::expected<Changes, MailError> Account::changes_since(MailboxId mailbox, ModSeq since) {
  TRY(const Mailbox* known, selectable(mailbox));
  TRY(View * view, load_view(mailbox));
  Changes out;
  out.highest_modseq = known->counters.highest_modseq;
  out.too_old = since < known->counters.log_floor;
  if (since >= out.highest_modseq) return out;
  for (const Row& row : view->rows()) {
    if (out.too_old || row.modseq() > since) out.changed.push_back(row.uid());
  }
  if (!out.too_old) {
    TRY_VOID(read_expunged(mailbox, since, out.expunged));
  }
  return out;
}

std::expected<void, MailError> Account::read_expunged(MailboxId mailbox, ModSeq since,
                                                      std::vector<UidRange>& out) const {
  bool sound = true;
  KeyRange range = mailbox_range(KeyFamily::expunged, mailbox);
  auto scanned =
      shared_.store.scan(partition_of(id_), expunged_key(mailbox, since.next()), range.end,
                         store::Scan::forward, [&](BytesView, BytesView value) {
                           auto record = decode_expunged(value);
                           sound = record.has_value();
                           if (sound)
                             out.insert(out.end(), record->uids.begin(), record->uids.end());
                           return sound;
                         });
  if (!scanned) return std::unexpected(from_store(scanned.error()));
  if (!sound) return std::unexpected(MailError::corrupt);
  join_ranges(out);
  return {};
}

std::expected<Committed<bool>, MailError> Account::maintain(UnixTime keep_log_from,
                                                            std::size_t limit) {
  Change change(*this, shared_.store);
  std::vector<MailboxId> finished;
  TRY(bool more, purge_doomed(change, limit, finished));
  if (!more) {
    TRY(bool more_log, trim_log(change, keep_log_from, limit));
    more = more_log;
  }
  if (!change.has_writes()) return Committed<bool>{false, last_sequence_};
  TRY(store::Sequence sequence, commit(change));
  for (MailboxId mailbox : finished) doomed_.erase(mailbox);
  return Committed<bool>{more, sequence};
}

std::expected<bool, MailError> Account::purge_doomed(Change& change, std::size_t limit,
                                                     std::vector<MailboxId>& finished) {
  std::size_t done = 0;
  for (MailboxId mailbox : doomed_) {
    std::vector<std::pair<Bytes, std::optional<MessageId>>> found;
    for (KeyFamily family : {KeyFamily::entry, KeyFamily::expunged}) {
      KeyRange range = mailbox_range(family, mailbox);
      auto scanned = shared_.store.scan(partition_of(id_), range.first, range.end,
                                        store::Scan::forward, [&](BytesView key, BytesView value) {
                                          if (done + found.size() >= limit) return false;
                                          std::optional<MessageId> message;
                                          auto entry = decode_entry(value);
                                          if (family == KeyFamily::entry && entry)
                                            message = entry->message;
                                          found.emplace_back(key, message);
                                          return true;
                                        });
      // Damaged records stay, and are found by verify(): what they named is not known.
      if (!scanned && scanned.error() != store::StoreError::corrupt) {
        return std::unexpected(from_store(scanned.error()));
      }
    }
    for (auto& [key, message] : found) {
      if (message) {
        TRY_VOID(change.drop_reference(*message));
      }
      change.remove(std::move(key));
    }
    done += found.size();
    if (done >= limit) return true;
    change.remove(doomed_key(mailbox));
    finished.push_back(mailbox);
  }
  return false;
}

std::expected<bool, MailError> Account::trim_log(Change& change, UnixTime keep_from,
                                                 std::size_t limit) {
  std::size_t done = 0;
  for (const auto& [id, mailbox] : mailboxes_) {
    ModSeq floor;
    KeyRange range = mailbox_range(KeyFamily::expunged, id);
    std::vector<Bytes> old;
    auto scanned = shared_.store.scan(partition_of(id_), range.first, range.end,
                                      store::Scan::forward, [&](BytesView key, BytesView value) {
                                        auto parsed = parse_key(key);
                                        auto record = decode_expunged(value);
                                        // One that cannot be read goes with the old ones: the floor
                                        // says that it is missing.
                                        bool keep =
                                            !parsed || (record && record->when >= keep_from);
                                        if (keep || done + old.size() >= limit) return false;
                                        floor = ModSeq(parsed->second);
                                        old.emplace_back(key);
                                        return true;
                                      });
    if (!scanned && scanned.error() != store::StoreError::corrupt) {
      return std::unexpected(from_store(scanned.error()));
    }
    if (old.empty()) continue;
    done += old.size();
    for (Bytes& key : old) change.remove(std::move(key));
    change.raise_log_floor(id, floor);
    if (done >= limit) return true;
  }
  return false;
}

}  // namespace peregrine::mail
