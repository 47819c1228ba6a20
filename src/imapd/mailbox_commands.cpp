// CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE. Core judges the names.

#include "imapd/commands.h"
#include "imapd/names.h"
#include "imapd/session.h"
#include "imapd/special_use.h"

namespace peregrine::imapd {

net::Task<Answer> execute(Session& session, imap::Create command) {
  // RFC 9051 section 6.3.4: a delimiter at the end announces names below; the mailbox is the name
  // without it.
  if (command.mailbox.raw.ends_with('/')) command.mailbox.raw.pop_back();
  auto name = name_from_wire(imap::MailboxName::parse(std::move(command.mailbox.raw)));
  if (!name) co_return bad_name();
  auto attribute = attribute_of(command.special_use);
  if (!attribute) co_return no("USEATTR", "Special use is not supported");
  api::CreateMailboxRequest request;
  request.set_session(session.id());
  request.set_name(*name);
  request.set_special_use(*attribute);
  auto answer = co_await api::create_mailbox(session.core(), request, Session::call_deadline());
  if (answer) co_return ok("Mailbox created");
  if (*attribute != 0 && api::refused_with(answer.error(), api::ErrorCode::already_exists)) {
    // RFC 6154 section 3: USEATTR when another mailbox has the use already.
    api::StatusRequest question;
    question.set_session(session.id());
    question.set_name(*name);
    auto status = co_await api::status(session.core(), question, Session::call_deadline());
    if (!status) co_return no("USEATTR", "Another mailbox has that special use");
  }
  co_return session.failed(answer.error());
}

net::Task<Answer> execute(Session& session, imap::Delete command) {
  auto name = name_from_wire(command.mailbox);
  if (!name) co_return bad_name();
  api::DeleteMailboxRequest request;
  request.set_session(session.id());
  request.set_name(*name);
  auto answer = co_await api::delete_mailbox(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error());
  if (session.has_selected(*name)) session.select(nullptr);
  co_return ok("Mailbox deleted");
}

net::Task<Answer> execute(Session& session, imap::Rename command) {
  auto from = name_from_wire(command.from);
  auto to = name_from_wire(command.to);
  if (!from || !to) co_return bad_name();
  api::RenameMailboxRequest request;
  request.set_session(session.id());
  request.set_from(*from);
  request.set_to(*to);
  auto answer = co_await api::rename_mailbox(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error());
  Answer done = ok("Mailbox renamed");
  if (iequals(*from, "INBOX")) {
    // RFC 9051 section 6.3.6: the messages have moved. Whoever has INBOX selected sees them leave.
    done.updates = Updates::ask_always;
    co_return done;
  }
  // A selected mailbox stays selected, under its new name: it is known by its id.
  if (Selected* selected = session.selected()) {
    bool is_below = selected->name.starts_with(*from + '/');
    if (is_below || selected->name == *from) selected->name.replace(0, from->size(), *to);
  }
  co_return done;
}

namespace {

enum class Subscribed : bool { no, yes };

net::Task<Answer> subscribe(Session& session, imap::MailboxName mailbox, Subscribed subscribed) {
  auto name = name_from_wire(mailbox);
  if (!name) co_return bad_name();
  api::SubscribeRequest request;
  request.set_session(session.id());
  request.set_name(*name);
  request.set_subscribed(subscribed == Subscribed::yes);
  auto answer = co_await api::subscribe(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error());
  co_return ok(subscribed == Subscribed::yes ? "Subscribed" : "Unsubscribed");
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Subscribe command) {
  return subscribe(session, std::move(command.mailbox), Subscribed::yes);
}

net::Task<Answer> execute(Session& session, imap::Unsubscribe command) {
  return subscribe(session, std::move(command.mailbox), Subscribed::no);
}

}  // namespace peregrine::imapd
