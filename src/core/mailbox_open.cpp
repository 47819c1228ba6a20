// The calls of looking at a mailbox's entries: open_mailbox, changes, watch, lock_inbox.
#include "core/core.h"
#include "core/mailbox_service.h"

namespace peregrine::core {
namespace {

/// Entries of one item: some 15 bytes each.
constexpr std::size_t k_entries_an_item = 8192;

/// All items at once, so that they show one state: while they wait for the reader, the mailbox may
/// change.
Answer<std::vector<Bytes>> snapshot(mail::Account& account, const mail::Mailbox& mailbox) {
  auto view = account.view(mailbox.id);
  if (!view) return refusal(view);
  std::vector<Bytes> items;
  api::OpenMailboxItem item;
  describe(account, mailbox, *item.mutable_mailbox());
  for (const std::string& keyword : mailbox.record.keywords) item.add_keywords(keyword);
  std::size_t count = 0;
  for (const mail::Row& row : (*view)->rows()) {
    add_entry(row, *item.mutable_entries());
    if (++count % k_entries_an_item != 0) continue;
    finish_entries(*item.mutable_entries());
    items.push_back(item.SerializeAsString());
    item.Clear();
  }
  if (items.empty() || item.entries().uid_size() > 0) {
    if (item.has_entries()) finish_entries(*item.mutable_entries());
    items.push_back(item.SerializeAsString());
  }
  return items;
}

}  // namespace

net::Task<Answer<void>> open_mailbox(Core& core, Call& call, api::OpenMailboxRequest request) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto mailbox = find_selectable(**account, request.name());
  if (!mailbox) co_return std::unexpected(mailbox.error());
  auto items = snapshot(**account, **mailbox);
  if (!items) co_return std::unexpected(items.error());
  for (Bytes& item : *items) {
    bool sent = co_await send(core, call, std::move(item));
    if (!sent) break;
  }
  co_return Answer<void>{};
}

net::Task<Answer<api::ChangesResponse>> changes(Core& core, Call& call,
                                                api::ChangesRequest request) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  api::ChangesResponse response;
  const mail::Mailbox* mailbox = (*account)->find(MailboxId(request.mailbox()));
  if (mailbox == nullptr || mailbox->record.no_select) {
    response.set_gone(true);
    co_return response;
  }
  auto changed = (*account)->changes_since(mailbox->id, ModSeq(request.since()));
  if (!changed) co_return refusal(changed);
  auto view = (*account)->view(mailbox->id);
  if (!view) co_return refusal(view);
  response.set_modseq(changed->highest_modseq.value);
  response.set_reset(changed->too_old);
  response.set_uid_next(mailbox->counters.uid_next.value);
  for (Uid uid : changed->changed) {
    if (auto place = (*view)->find(uid))
      add_entry((*view)->at(*place), *response.mutable_entries());
  }
  if (response.has_entries()) finish_entries(*response.mutable_entries());
  for (const mail::UidRange& range : changed->expunged) {
    for (std::uint32_t i = 0; i < range.count; ++i) response.add_expunged(range.first.value + i);
  }
  for (const std::string& keyword : mailbox->record.keywords) response.add_keywords(keyword);
  co_return response;
}

net::Task<Answer<void>> watch(Core& core, Call& call, api::WatchRequest) {
  Watchers::Watcher watcher(core.watchers, core.loop, call.account);
  call.request.on_cancel([&watcher] { watcher.cancel(); });
  while (true) {
    bool sent = co_await send(core, call, Bytes());
    if (!sent) break;
    net::WaitResult wait = co_await watcher.changed();
    if (wait != net::WaitResult::ready || call.request.is_cancelled()) break;
    if (!core.sessions.account_of(call.session, call.peer->caller.channel)) break;
  }
  co_return Answer<void>{};
}

net::Task<Answer<api::LockInboxResponse>> lock_inbox(Core& core, Call& call,
                                                     api::LockInboxRequest) {
  api::LockInboxResponse response;
  response.set_locked(core.model.accounts->lock_pop3(call.account, call.session));
  co_return response;
}

}  // namespace peregrine::core
