#pragma once
// What the handlers of mailbox calls share: errors as the callers know them, and the parts of
// answers that several of them have.

#include <algorithm>
#include <vector>

#include "core/call.h"
#include "mail/accounts.h"

namespace peregrine::core {

api::ErrorCode code_of(mail::MailError error);
template <class T>
std::unexpected<api::ErrorCode> refusal(const std::expected<T, mail::MailError>& failed) {
  return std::unexpected(code_of(failed.error()));
}

/// The uids of a request, rising and each once, as mail wants them.
std::vector<Uid> rising(const auto& uids) {
  std::vector<Uid> out;
  out.reserve(static_cast<std::size_t>(uids.size()));
  for (std::uint32_t uid : uids) out.emplace_back(uid);
  if (!std::ranges::is_sorted(out)) std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void describe(const mail::Account& account, const mail::Mailbox& mailbox, api::MailboxInfo& out);
void add_entry(const mail::Row& row, api::Entries& out);
/// Drops the keywords when no entry has any, as the contract says.
void finish_entries(api::Entries& entries);

/// The mailbox of that name, which can hold messages.
Answer<const mail::Mailbox*> find_selectable(const mail::Account& account, std::string_view name);

}  // namespace peregrine::core
