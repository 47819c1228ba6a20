// The messages of an account: copy, move, flags, removal.
#include <algorithm>
#include <bit>
#include <utility>

#include "base/result.h"
#include "mail/account.h"

namespace peregrine::mail {
namespace {

/// The places in `view` of those of `uids` that exist, rising and each once.
std::vector<std::size_t> find_all(const View& view, std::span<const Uid> uids) {
  std::vector<std::size_t> out;
  for (Uid uid : uids) {
    auto index = view.find(uid);
    if (index && (out.empty() || *index > out.back())) out.push_back(*index);
  }
  return out;
}

/// The keywords of `bits` in `from` as bits of `to`; what has no place there is dropped.
std::uint64_t translate(const MailboxRecord& from, const MailboxRecord& to, std::uint64_t bits) {
  std::uint64_t out = 0;
  for (; bits != 0; bits &= bits - 1) {
    auto place = static_cast<std::size_t>(std::countr_zero(bits));
    if (place >= from.keywords.size()) break;
    auto found = std::ranges::find(to.keywords, from.keywords[place]);
    if (found != to.keywords.end()) out |= std::uint64_t{1} << (found - to.keywords.begin());
  }
  return out;
}

bool has_uids_left(const Counters& counters, std::size_t count) {
  return count < UINT32_MAX - counters.uid_next.value;
}

}  // namespace

std::expected<std::uint64_t, MailError> Account::keyword_bits(MailboxRecord& record,
                                                              std::span<const std::string> keywords,
                                                              const View* view) const {
  std::uint64_t out = 0;
  for (const std::string& keyword : keywords) {
    if (!is_keyword(keyword)) return std::unexpected(MailError::bad_keyword);
    auto place = std::ranges::find(record.keywords, keyword);
    if (place == record.keywords.end() && record.keywords.size() < k_max_keywords) {
      place = record.keywords.emplace(place);
    }
    if (place == record.keywords.end() && view != nullptr) {
      // All places are taken: one that no entry uses is given away.
      std::uint64_t used = out;
      for (const Row& row : view->rows()) used |= row.keywords();
      place += std::countr_one(used) - static_cast<std::ptrdiff_t>(k_max_keywords);
    }
    if (place == record.keywords.end()) return std::unexpected(MailError::over_limit);
    *place = keyword;
    out |= std::uint64_t{1} << (place - record.keywords.begin());
  }
  return out;
}

std::expected<Committed<CopyResult>, MailError> Account::copy(MailboxId from,
                                                              std::span<const Uid> uids,
                                                              MailboxId to) {
  return transfer(from, uids, to, false);
}

std::expected<Committed<CopyResult>, MailError> Account::move(MailboxId from,
                                                              std::span<const Uid> uids,
                                                              MailboxId to) {
  return transfer(from, uids, to, true);
}

std::expected<Committed<CopyResult>, MailError> Account::transfer(MailboxId from,
                                                                  std::span<const Uid> uids,
                                                                  MailboxId to, bool is_move) {
  TRY(const Mailbox* source, selectable(from));
  TRY(const Mailbox* target, selectable(to));
  TRY(View * view, load_view(from));
  std::vector<std::size_t> indexes = find_all(*view, uids);
  CopyResult result{to, target->record.uid_validity, {}, {}};
  if (indexes.empty()) return Committed<CopyResult>{std::move(result), last_sequence_};
  if (!has_uids_left(target->counters, indexes.size())) {
    return std::unexpected(MailError::over_limit);
  }
  std::uint64_t bytes = 0;
  std::uint64_t used_keywords = 0;
  for (std::size_t index : indexes) {
    bytes += view->at(index).size();
    used_keywords |= view->at(index).keywords();
  }
  if (!is_move && !has_room(bytes, indexes.size())) return std::unexpected(MailError::over_quota);

  Change change(*this, shared_.store);
  MailboxRecord record = target->record;
  for (const std::string& keyword : keyword_names(*source, used_keywords)) {
    // A keyword without a place in the target is left behind; the messages are not.
    if (!keyword_bits(record, std::span(&keyword, 1), loaded_view(to))) continue;
  }
  if (record != target->record) change.put(mailbox_key(to), encode(record));

  UnixTime now = wall_now();
  std::vector<Row> added;
  for (std::size_t index : indexes) {
    const Row row = view->at(index);
    Entry entry = row.entry();
    entry.keywords = translate(source->record, record, entry.keywords);
    entry.modseq = change.modseq();
    entry.saved = static_cast<std::uint32_t>(now.seconds);
    if (is_move) {
      TRY_VOID(change.remove_entry(from, row.uid(), row.entry()));
    }
    TRY_VOID(change.add_reference(entry.message));
    Uid uid = change.add_entry(to, entry);
    added.emplace_back(uid, entry);
    result.from.push_back(row.uid());
    result.to.push_back(uid);
  }
  if (is_move) change.log_expunged(from, result.from, now);
  TRY(store::Sequence sequence, commit(change));
  mailboxes_.at(to).record = std::move(record);
  if (is_move) view->erase(indexes);
  if (View* other = loaded_view(to)) {
    for (const Row& row : added) other->append(row);
  }
  return Committed<CopyResult>{std::move(result), sequence};
}

std::expected<Committed<FlagsResult>, MailError> Account::store_flags(MailboxId mailbox,
                                                                      std::span<const Uid> uids,
                                                                      const FlagUpdate& update) {
  TRY(const Mailbox* known, selectable(mailbox));
  TRY(View * view, load_view(mailbox));
  FlagsResult result{known->counters.highest_modseq, {}, {}};
  MailboxRecord record = known->record;
  std::span<const std::string> keywords = update.keywords;
  std::vector<std::string> present;
  if (update.change == FlagChange::remove) {
    // What no entry has needs no place to be removed from.
    std::ranges::copy_if(keywords, std::back_inserter(present), [&](const std::string& keyword) {
      return std::ranges::find(record.keywords, keyword) != record.keywords.end();
    });
    keywords = present;
  }
  TRY(std::uint64_t bits, keyword_bits(record, keywords, view));

  Change change(*this, shared_.store);
  std::vector<std::pair<std::size_t, Row>> rows;
  for (std::size_t index : find_all(*view, uids)) {
    const Row& row = view->at(index);
    // RFC 7162 section 3.1.3: the test is made for each message, and fails only that one.
    if (update.unchanged_since && row.modseq() > *update.unchanged_since) {
      result.modified.push_back(row.uid());
      continue;
    }
    Entry entry = row.entry();
    switch (update.change) {
      case FlagChange::replace:
        entry.flags = update.flags;
        entry.keywords = bits;
        break;
      case FlagChange::add:
        entry.flags.bits |= update.flags.bits;
        entry.keywords |= bits;
        break;
      case FlagChange::remove:
        entry.flags.bits &= static_cast<std::uint8_t>(~update.flags.bits);
        entry.keywords &= ~bits;
        break;
    }
    entry.flags.bits &= k_all_flag_bits;
    if (entry == row.entry()) continue;
    entry.modseq = change.modseq();
    change.replace_entry(mailbox, row.uid(), row.entry(), entry);
    rows.emplace_back(index, Row(row.uid(), entry));
    result.changed.push_back(row.uid());
  }
  if (rows.empty()) return Committed<FlagsResult>{std::move(result), last_sequence_};
  if (record != known->record) change.put(mailbox_key(mailbox), encode(record));
  TRY(store::Sequence sequence, commit(change));
  result.modseq = change.modseq();
  mailboxes_.at(mailbox).record = std::move(record);
  for (const auto& [index, row] : rows) view->replace(index, row);
  return Committed<FlagsResult>{std::move(result), sequence};
}

std::expected<Committed<RemoveResult>, MailError> Account::remove(MailboxId mailbox,
                                                                  std::span<const Uid> uids,
                                                                  UnixTime now) {
  TRY(const Mailbox* known, selectable(mailbox));
  TRY(View * view, load_view(mailbox));
  std::vector<std::size_t> indexes = find_all(*view, uids);
  RemoveResult result{known->counters.highest_modseq, {}, false};
  if (indexes.empty()) return Committed<RemoveResult>{std::move(result), last_sequence_};
  Change change(*this, shared_.store);
  for (std::size_t index : indexes) {
    const Row& row = view->at(index);
    TRY_VOID(change.remove_entry(mailbox, row.uid(), row.entry()));
    result.removed.push_back(row.uid());
  }
  change.log_expunged(mailbox, result.removed, now);
  TRY(store::Sequence sequence, commit(change));
  result.modseq = change.modseq();
  view->erase(indexes);
  return Committed<RemoveResult>{std::move(result), sequence};
}

std::expected<Committed<RemoveResult>, MailError> Account::expunge(
    MailboxId mailbox, std::optional<std::span<const Uid>> only, UnixTime now, std::size_t limit) {
  TRY_VOID(selectable(mailbox));
  TRY(View * view, load_view(mailbox));
  std::vector<Uid> uids;
  bool more = false;
  auto take = [&](const Row& row) {
    if (!row.flags().has(Flag::deleted)) return;
    if (uids.size() == limit) {
      more = true;
    } else {
      uids.push_back(row.uid());
    }
  };
  if (only) {
    for (std::size_t index : find_all(*view, *only)) take(view->at(index));
  } else {
    std::ranges::for_each(view->rows(), take);
  }
  TRY(auto result, remove(mailbox, uids, now));
  result.value.more = more;
  return result;
}

}  // namespace peregrine::mail
