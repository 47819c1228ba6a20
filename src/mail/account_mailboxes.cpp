// The names of an account: create, delete, rename, subscribe.
#include <algorithm>
#include <utility>

#include "base/result.h"
#include "mail/account.h"

namespace peregrine::mail {

struct Account::NamesChange {
  Change change;
  std::map<MailboxId, Mailbox> changed;  ///< new ones too
  std::vector<MailboxId> doomed;

  [[nodiscard]] bool makes(std::string_view name) const {
    return std::ranges::any_of(
        changed, [name](const auto& entry) { return entry.second.record.name == name; });
  }
};

Mailbox Account::make_mailbox(NamesChange& names, std::string name) const {
  AccountHeader& header = names.change.header();
  Mailbox out;
  out.id = std::exchange(header.next_mailbox, header.next_mailbox.next());
  // RFC 9051 section 2.3.1.1: a name that is used again gets a larger UIDVALIDITY.
  auto now = static_cast<std::uint32_t>(wall_now().seconds);
  header.last_uid_validity = std::max(header.last_uid_validity + 1, now);
  out.record.uid_validity = UidValidity(header.last_uid_validity);
  out.record.name = std::move(name);
  out.counters = names.change.counters(out.id);
  return out;
}

/// RFC 9051 section 6.3.4: superior names that are missing are created too.
std::expected<void, MailError> Account::add_parents(NamesChange& names,
                                                    std::string_view name) const {
  for (std::string_view parent = parent_name(name); !parent.empty(); parent = parent_name(parent)) {
    if (by_name_.contains(parent) || names.makes(parent)) break;
    Mailbox made = make_mailbox(names, std::string(parent));
    names.changed.emplace(made.id, std::move(made));
  }
  auto made = std::ranges::count_if(
      names.changed, [this](const auto& entry) { return !mailboxes_.contains(entry.first); });
  // Ids are not used again: half of them are left for the placeholders of deleted names.
  if (mailboxes_.size() + static_cast<std::size_t>(made) > shared_.limits.mailboxes ||
      names.change.header().next_mailbox.value > UINT32_MAX / 2) {
    return std::unexpected(MailError::over_limit);
  }
  return {};
}

std::expected<store::Sequence, MailError> Account::commit_names(NamesChange& names) {
  for (const auto& [id, mailbox] : names.changed) {
    names.change.put(mailbox_key(id), encode(mailbox.record));
  }
  for (MailboxId mailbox : names.doomed) {
    names.change.remove(mailbox_key(mailbox));
    names.change.remove(counters_key(mailbox));
    names.change.put(doomed_key(mailbox), encode_marker());
  }
  TRY(store::Sequence sequence, commit(names.change));
  // All old names go before the new ones come: a rename may swap them.
  for (const auto& [id, mailbox] : names.changed) {
    if (const Mailbox* old = find(id)) by_name_.erase(old->record.name);
  }
  for (MailboxId mailbox : names.doomed) {
    by_name_.erase(mailboxes_.at(mailbox).record.name);
    mailboxes_.erase(mailbox);
    views_.erase(mailbox);
    doomed_.insert(mailbox);
  }
  for (auto& [id, mailbox] : names.changed) index_mailbox(std::move(mailbox));
  inbox_ = by_name_.find(k_inbox)->second;
  refresh_usage();
  return sequence;
}

std::expected<Committed<MailboxId>, MailError> Account::create_mailbox(std::string_view name,
                                                                       SpecialUse use) {
  // RFC 9051 section 6.3.4: a trailing delimiter only declares what is to come.
  if (name.ends_with(k_delimiter)) name.remove_suffix(1);
  auto normal = normalise_name(name, shared_.limits.names);
  if (!normal) return std::unexpected(MailError::bad_name);
  // RFC 6154 section 3: a use that cannot be given, since another mailbox has it, is refused.
  if (use != SpecialUse::none && find(use) != nullptr) return std::unexpected(MailError::exists);
  NamesChange names{Change(*this, shared_.store), {}, {}};
  Mailbox made;
  if (const Mailbox* known = find(*normal)) {
    if (!known->record.no_select) return std::unexpected(MailError::exists);
    made = *known;
    made.record.no_select = false;
  } else {
    made = make_mailbox(names, *std::move(normal));
  }
  made.record.use = use;
  MailboxId id = made.id;
  std::string full_name = made.record.name;
  names.changed.emplace(id, std::move(made));
  TRY_VOID(add_parents(names, full_name));
  TRY(store::Sequence sequence, commit_names(names));
  return Committed<MailboxId>{id, sequence};
}

std::expected<store::Sequence, MailError> Account::delete_mailbox(std::string_view name) {
  const Mailbox* known = find(name);
  if (known == nullptr) return std::unexpected(MailError::not_found);
  // RFC 9051 section 6.3.5: it is an error to delete INBOX.
  if (known->id == inbox_) return std::unexpected(MailError::is_inbox);
  NamesChange names{Change(*this, shared_.store), {}, {known->id}};
  if (has_children(*known)) {
    // RFC 9051 section 6.3.5: a \Noselect name with inferior names cannot be deleted again; any
    // other such name becomes \Noselect.
    if (known->record.no_select) return std::unexpected(MailError::has_children);
    Mailbox placeholder = make_mailbox(names, known->record.name);
    placeholder.record.no_select = true;
    names.changed.emplace(placeholder.id, std::move(placeholder));
  }
  return commit_names(names);
}

std::expected<store::Sequence, MailError> Account::rename_mailbox(std::string_view from,
                                                                  std::string_view to) {
  if (to.ends_with(k_delimiter)) to.remove_suffix(1);
  auto target = normalise_name(to, shared_.limits.names);
  if (!target) return std::unexpected(MailError::bad_name);
  const Mailbox* source = find(from);
  if (source == nullptr) return std::unexpected(MailError::not_found);
  if (by_name_.contains(*target)) return std::unexpected(MailError::exists);
  const std::string old_name = source->record.name;
  if (source->id == inbox_) return rename_inbox(*target);
  if (is_below(*target, old_name)) return std::unexpected(MailError::inside_itself);

  NamesChange names{Change(*this, shared_.store), {}, {}};
  for (const auto& [name, id] : by_name_) {
    // RFC 9051 section 6.3.6: inferior names are renamed too.
    if (name != old_name && !is_below(name, old_name)) continue;
    Mailbox renamed = mailboxes_.at(id);
    renamed.record.name = *target + name.substr(old_name.size());
    if (!normalise_name(renamed.record.name, shared_.limits.names)) {
      return std::unexpected(MailError::bad_name);
    }
    if (by_name_.contains(renamed.record.name)) return std::unexpected(MailError::exists);
    names.changed.emplace(id, std::move(renamed));
  }
  TRY_VOID(add_parents(names, *target));
  return commit_names(names);
}

/// RFC 9051 section 6.3.6: the messages go to the new name and INBOX stays, empty, as do the names
/// below it. Whoever has it open sees them leave; nobody is moved along to act on the new mailbox.
std::expected<store::Sequence, MailError> Account::rename_inbox(std::string_view target) {
  TRY(View * view, load_view(inbox_));
  if (view->size() > k_most_renamed) return std::unexpected(MailError::over_limit);
  NamesChange names{Change(*this, shared_.store), {}, {}};
  Mailbox made = make_mailbox(names, std::string(target));
  made.record.keywords = inbox().record.keywords;
  MailboxId to = made.id;
  names.changed.emplace(to, std::move(made));
  TRY_VOID(add_parents(names, target));
  UnixTime now = wall_now();
  std::vector<Uid> moved;
  std::vector<std::size_t> places;
  for (const Row& row : view->rows()) {
    Entry entry = row.entry();
    entry.modseq = names.change.modseq();
    entry.saved = static_cast<std::uint32_t>(now.seconds);
    names.change.move_entry(inbox_, row.uid(), row.entry(), to, entry);
    places.push_back(moved.size());
    moved.push_back(row.uid());
  }
  if (!moved.empty()) names.change.log_expunged(inbox_, moved, now);
  names.changed.at(to).counters = names.change.counters(to);
  TRY(store::Sequence sequence, commit_names(names));
  view->erase(places);
  return sequence;
}

std::expected<store::Sequence, MailError> Account::subscribe(std::string_view name) {
  auto normal = normalise_name(name, shared_.limits.names);
  if (!normal) return std::unexpected(MailError::bad_name);
  // RFC 9051 section 6.3.7: subscribing again succeeds.
  if (subscriptions_.contains(*normal)) return last_sequence_;
  if (subscriptions_.size() >= shared_.limits.subscriptions) {
    return std::unexpected(MailError::over_limit);
  }
  Change change(*this, shared_.store);
  change.put(subscription_key(*normal), encode_marker());
  TRY(store::Sequence sequence, commit(change));
  subscriptions_.insert(*std::move(normal));
  return sequence;
}

std::expected<store::Sequence, MailError> Account::unsubscribe(std::string_view name) {
  auto normal = normalise_name(name, shared_.limits.names);
  if (!normal) return std::unexpected(MailError::bad_name);
  auto found = subscriptions_.find(*normal);
  if (found == subscriptions_.end()) return last_sequence_;
  Change change(*this, shared_.store);
  change.remove(subscription_key(*found));
  TRY(store::Sequence sequence, commit(change));
  subscriptions_.erase(found);
  return sequence;
}

}  // namespace peregrine::mail
