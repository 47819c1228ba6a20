#include "core/mailbox_service.h"

#include <utility>

namespace peregrine::core {

api::ErrorCode code_of(mail::MailError error) {
  using enum mail::MailError;
  switch (error) {
    case not_found:
      return api::ErrorCode::not_found;
    case exists:
      return api::ErrorCode::already_exists;
    case bad_name:
    case bad_keyword:
    case inside_itself:
      return api::ErrorCode::bad_name;
    case no_select:
    case is_inbox:
      return api::ErrorCode::not_permitted;
    case has_children:
      return api::ErrorCode::has_children;
    case over_quota:
      return api::ErrorCode::over_quota;
    case over_limit:
      return api::ErrorCode::limit;
    case no_space:
      return api::ErrorCode::no_space;
    case io:
    case corrupt:
    case newer_format:
      break;
  }
  return api::ErrorCode::failed;
}

void describe(const mail::Account& account, const mail::Mailbox& mailbox, api::MailboxInfo& out) {
  const mail::Counters& counters = mailbox.counters;
  out.set_mailbox(mailbox.id.value);
  out.set_name(mailbox.record.name);
  out.set_uid_validity(mailbox.record.uid_validity.value);
  out.set_uid_next(counters.uid_next.value);
  out.set_messages(counters.messages);
  out.set_unseen(counters.unseen);
  out.set_deleted(counters.deleted);
  out.set_size(counters.size);
  out.set_highest_modseq(counters.highest_modseq.value);
  std::uint32_t attributes = 0;
  if (mailbox.record.no_select) attributes |= api::ATTRIBUTE_NO_SELECT;
  if (account.has_children(mailbox)) attributes |= api::ATTRIBUTE_HAS_CHILDREN;
  if (account.subscriptions().contains(mailbox.record.name)) {
    attributes |= api::ATTRIBUTE_SUBSCRIBED;
  }
  // Both are numbered in one order.
  static_assert(api::ATTRIBUTE_ARCHIVE ==
                api::ATTRIBUTE_DRAFTS << (std::to_underlying(mail::SpecialUse::archive) - 1));
  if (mailbox.record.use != mail::SpecialUse::none) {
    attributes |= static_cast<std::uint32_t>(api::ATTRIBUTE_DRAFTS)
                  << (std::to_underlying(mailbox.record.use) - 1);
  }
  out.set_attributes(attributes);
}

void add_entry(const mail::Row& row, api::Entries& out) {
  out.add_uid(row.uid().value);
  out.mutable_flags()->push_back(static_cast<char>(row.flags().bits));
  out.add_keywords(row.keywords());
  out.add_modseq(row.modseq().value);
}

void finish_entries(api::Entries& entries) {
  auto is_none = [](std::uint64_t bits) { return bits == 0; };
  if (std::ranges::all_of(entries.keywords(), is_none)) entries.clear_keywords();
}

Answer<const mail::Mailbox*> find_selectable(const mail::Account& account, std::string_view name) {
  const mail::Mailbox* mailbox = account.find(name);
  if (mailbox == nullptr) return std::unexpected(api::ErrorCode::not_found);
  if (mailbox->record.no_select) return std::unexpected(api::ErrorCode::not_permitted);
  return mailbox;
}

}  // namespace peregrine::core
