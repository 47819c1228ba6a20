#include "mail/account.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::mail {
namespace {

/// What a new account has beside INBOX (RFC 6154 section 2).
struct StandardMailbox {
  std::string_view name;
  SpecialUse use;
};
constexpr StandardMailbox k_standard_mailboxes[] = {
    {k_inbox, SpecialUse::none}, {"Drafts", SpecialUse::drafts}, {"Sent", SpecialUse::sent},
    {"Junk", SpecialUse::junk},  {"Trash", SpecialUse::trash},   {"Archive", SpecialUse::archive},
};

void note_damage(AccountId account, std::string_view what, BytesView key) {
  log_event(LogLevel::error, "mail.damaged_record",
            {{"account", account.value}, {"what", what}, {"key", to_hex(key)}});
}

}  // namespace

std::vector<ChangeQueue::Changed> ChangeQueue::drain() {
  std::vector<Changed> out;
  out.reserve(changed_.size());
  for (const auto& [account, sequence] : changed_) out.push_back({account, sequence});
  changed_.clear();
  return out;
}

std::expected<void, MailError> Account::load() {
  KeyRange range = account_range();
  auto scanned = shared_.store.scan(partition_of(id_), range.first, range.end, store::Scan::forward,
                                    [&](BytesView key, BytesView value) {
                                      load_record(key, value);
                                      return true;
                                    });
  bool complete = scanned.has_value();
  if (!complete && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  if (!has_header_) {
    // Ids would be given out again: only an account without any record is a new one.
    if (!complete || header_damaged_ || !mailboxes_.empty()) {
      return std::unexpected(MailError::corrupt);
    }
    return initialise();
  }
  for (auto entry = mailboxes_.begin(); entry != mailboxes_.end();) {
    bool has_counters = !entry->second.counters.uid_next.is_none();
    if (!has_counters) note_damage(id_, "mailbox without counters", counters_key(entry->first));
    Mailbox mailbox = std::move(entry->second);
    entry = mailboxes_.erase(entry);
    if (has_counters && !by_name_.contains(mailbox.record.name)) {
      by_name_.emplace(mailbox.record.name, mailbox.id);
      entry = std::next(mailboxes_.emplace(mailbox.id, std::move(mailbox)).first);
    }
  }
  auto inbox = by_name_.find(k_inbox);
  if (inbox == by_name_.end()) return std::unexpected(MailError::corrupt);
  inbox_ = inbox->second;
  refresh_usage();
  return {};
}

void Account::load_record(BytesView key, BytesView value) {
  auto parsed = parse_key(key);
  if (!parsed) return note_damage(id_, "key", key);
  MailboxId mailbox(parsed->first);
  bool sound = true;
  if (parsed->family == KeyFamily::header) {
    auto record = decode_header(value);
    sound = has_header_ = record.has_value();
    header_damaged_ = !sound;
    if (record) header_ = *record;
  } else if (parsed->family == KeyFamily::mailbox) {
    auto record = decode_mailbox(value);
    sound = record.has_value();
    if (record) {
      mailboxes_[mailbox] = {mailbox, *std::move(record), Counters{.uid_next = Uid{}}};
    }
  } else if (parsed->family == KeyFamily::counters) {
    auto record = decode_counters(value);
    auto known = mailboxes_.find(mailbox);
    sound = record && known != mailboxes_.end();
    if (sound) known->second.counters = *record;
  } else if (parsed->family == KeyFamily::subscription) {
    sound = decode_marker(value).has_value() && is_normal_name(parsed->name);
    if (sound) subscriptions_.emplace(parsed->name);
  } else {
    doomed_.insert(mailbox);
  }
  if (!sound) note_damage(id_, family_name(parsed->family), key);
}

std::expected<void, MailError> Account::initialise() {
  Change change(*this, shared_.store);
  AccountHeader& header = change.header();
  header.last_uid_validity = static_cast<std::uint32_t>(wall_now().seconds);
  std::vector<Mailbox> made;
  for (const StandardMailbox& standard : k_standard_mailboxes) {
    MailboxId id = std::exchange(header.next_mailbox, header.next_mailbox.next());
    MailboxRecord record;
    record.name = standard.name;
    record.uid_validity = UidValidity(header.last_uid_validity++);
    record.use = standard.use;
    change.put(mailbox_key(id), encode(record));
    change.put(subscription_key(record.name), encode_marker());
    made.push_back({id, std::move(record), change.counters(id)});
  }
  TRY_VOID(commit(change));
  has_header_ = true;
  for (Mailbox& mailbox : made) {
    subscriptions_.insert(mailbox.record.name);
    index_mailbox(std::move(mailbox));
  }
  inbox_ = by_name_.find(k_inbox)->second;
  return {};
}

void Account::index_mailbox(Mailbox mailbox) {
  by_name_.insert_or_assign(mailbox.record.name, mailbox.id);
  MailboxId id = mailbox.id;
  mailboxes_.insert_or_assign(id, std::move(mailbox));
}

void Account::refresh_usage() {
  usage_ = {};
  for (const auto& [id, mailbox] : mailboxes_) {
    usage_.bytes += mailbox.counters.size;
    usage_.messages += mailbox.counters.messages;
  }
}

const Mailbox* Account::find(MailboxId mailbox) const {
  auto found = mailboxes_.find(mailbox);
  return found == mailboxes_.end() ? nullptr : &found->second;
}

const Mailbox* Account::find(std::string_view name) const {
  auto normal = normalise_name(name, shared_.limits.names);
  if (!normal) return nullptr;
  auto found = by_name_.find(*normal);
  return found == by_name_.end() ? nullptr : find(found->second);
}

const Mailbox* Account::find(SpecialUse use) const {
  auto found = std::ranges::find_if(
      mailboxes_, [use](const auto& entry) { return entry.second.record.use == use; });
  return found == mailboxes_.end() ? nullptr : &found->second;
}

bool Account::has_children(const Mailbox& mailbox) const {
  auto next = by_name_.upper_bound(mailbox.record.name + k_delimiter);
  return next != by_name_.end() && is_below(next->first, mailbox.record.name);
}

directory::Quota Account::quota() const {
  const directory::AccountInfo* info = shared_.directory.find_account(id_);
  return info == nullptr ? directory::Quota{} : info->quota;
}

bool Account::has_room(std::uint64_t bytes, std::uint64_t count) const {
  auto fits = [](std::uint64_t used, std::uint64_t more, std::uint64_t limit) {
    return limit == 0 || (used <= limit && more <= limit - used);
  };
  directory::Quota limit = quota();
  return fits(usage_.bytes, bytes, limit.bytes) && fits(usage_.messages, count, limit.messages);
}

std::expected<const Mailbox*, MailError> Account::selectable(MailboxId mailbox) const {
  const Mailbox* found = find(mailbox);
  if (found == nullptr) return std::unexpected(MailError::not_found);
  if (found->record.no_select) return std::unexpected(MailError::no_select);
  return found;
}

std::expected<store::Sequence, MailError> Account::commit(Change& change) {
  store::Commit commit;
  TRY_VOID(change.finish_into(commit));
  auto sequence = shared_.store.commit(commit);
  if (!sequence) return std::unexpected(from_store(sequence.error()));
  change.apply(*sequence);
  return *sequence;
}

std::vector<std::string> Account::keyword_names(const Mailbox& mailbox, std::uint64_t bits) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < mailbox.record.keywords.size(); ++i) {
    if ((bits >> i & 1) != 0) out.push_back(mailbox.record.keywords[i]);
  }
  return out;
}

View* Account::loaded_view(MailboxId mailbox) {
  auto found = views_.find(mailbox);
  return found == views_.end() ? nullptr : found->second.get();
}

std::expected<const View*, MailError> Account::view(MailboxId mailbox) {
  TRY_VOID(selectable(mailbox));
  TRY(View * loaded, load_view(mailbox));
  return loaded;
}

std::expected<View*, MailError> Account::load_view(MailboxId mailbox) {
  if (View* loaded = loaded_view(mailbox)) return loaded;
  const Mailbox* known = find(mailbox);
  auto view = std::make_unique<View>(known == nullptr ? 0 : known->counters.messages);
  KeyRange range = mailbox_range(KeyFamily::entry, mailbox);
  auto scanned = shared_.store.scan(partition_of(id_), range.first, range.end, store::Scan::forward,
                                    [&](BytesView key, BytesView value) {
                                      auto parsed = parse_key(key);
                                      auto entry = decode_entry(value);
                                      if (parsed && entry && parsed->second != 0) {
                                        Uid uid(static_cast<std::uint32_t>(parsed->second));
                                        view->append(Row(uid, *entry));
                                      } else {
                                        note_damage(id_, "entry", key);
                                      }
                                      return true;
                                    });
  // One damaged entry does not hide the others; the store has named it.
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  return views_.emplace(mailbox, std::move(view)).first->second.get();
}

std::size_t Account::memory() const {
  constexpr std::size_t k_mailbox = 512;  // nodes of two maps, keys and the record
  std::size_t out = sizeof(Account) + mailboxes_.size() * k_mailbox;
  out += subscriptions_.size() * 96;
  for (const auto& [id, view] : views_) out += sizeof(View) + view->memory();
  return out;
}

}  // namespace peregrine::mail
