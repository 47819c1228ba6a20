#include "imapd/status.h"

#include "imapd/commands.h"
#include "imapd/names.h"
#include "imapd/session.h"

namespace peregrine::imapd {

void write_status_of(std::string& out, const api::MailboxInfo& info, imap::StatusItems items) {
  imap::StatusData data;
  data.messages = info.messages();
  data.unseen = info.unseen();
  data.deleted = info.deleted();
  data.uid_next = Uid(info.uid_next());
  data.uid_validity = UidValidity(info.uid_validity());
  data.size = info.size();
  imap::write_status(out, name_to_wire(info.name()), items, data);
}

net::Task<Answer> execute(Session& session, imap::Status command) {
  auto name = name_from_wire(command.mailbox);
  if (!name) co_return bad_name();
  api::StatusRequest request;
  request.set_session(session.id());
  request.set_name(*name);
  auto answer = co_await api::status(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error());
  write_status_of(session.out(), answer->mailbox(), command.items);
  co_return ok("Status listed");
}

}  // namespace peregrine::imapd
