// EXPUNGE and UID EXPUNGE.

#include <algorithm>

#include "imapd/commands.h"
#include "imapd/session.h"

namespace peregrine::imapd {
namespace {

net::Task<Answer> expunge(Session& session, api::ExpungeRequest request) {
  Selected* selected = session.selected();
  request.set_session(session.id());
  request.set_mailbox(selected->mailbox.value);
  request.set_with_deleted_flag(true);
  auto answer = co_await api::expunge(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error());
  std::vector<std::uint32_t> uids(answer->uids().begin(), answer->uids().end());
  std::ranges::sort(uids);
  session.announce_expunged(uids);
  co_return ok("Deleted messages removed");
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Expunge) {
  if (session.selected() == nullptr) co_return none_selected();
  if (session.selected()->is_read_only) co_return read_only();
  Answer answer = co_await expunge(session, {});
  co_return answer;
}

net::Task<Answer> execute(Session& session, imap::UidExpunge command) {
  if (session.selected() == nullptr) co_return none_selected();
  if (session.selected()->is_read_only) co_return read_only();
  const MailboxView& view = session.selected()->view;
  auto places = view.places(command.uids, imap::Numbering::uid);
  if (!places) co_return no_such_message_number();
  api::ExpungeRequest request;
  request.set_only_these(true);
  for (std::uint32_t place : *places) {
    if (view.flags(place).has(Flag::deleted)) request.add_uids(view.uid(place).value);
  }
  if (request.uids().empty()) co_return ok("Nothing to remove");
  Answer answer = co_await expunge(session, std::move(request));
  co_return answer;
}

}  // namespace peregrine::imapd
