// IDLE (RFC 2177). While it waits the session holds no buffer but the list of the mailbox.

#include "imapd/commands.h"
#include "imapd/session.h"

namespace peregrine::imapd {
namespace {

// Waits for the line that ends IDLE and tells changes as they come.
net::Task<Answer> wait_for_done(Session& session) {
  while (!session.is_ended()) {
    imap::FrameView view = session.framer().next_line();
    if (view.kind == imap::FrameKind::line) {
      // RFC 9051 section 6.3.13: anything but DONE is an error.
      if (imap::is_done(view.text)) co_return ok("Idle ended");
      co_return bad("Expected DONE");
    }
    if (view.kind == imap::FrameKind::error) {
      imap::write_frame_error(session.out(), view.error);
      if (view.error.is_fatal()) session.break_off();
      co_return bad("Expected DONE");
    }
    if (session.selected() != nullptr && session.has_changed()) {
      co_await session.send_updates(Updates::all);
      continue;
    }
    session.set_idling(true);
    co_await session.receive(session.idle_deadline());
    session.set_idling(false);
  }
  co_return bad("Idle ended");
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Idle) {
  imap::write_continuation(session.out(), "Waiting for changes");
  if (session.selected() != nullptr) co_await session.send_updates(Updates::ask_always);
  Answer answer = co_await wait_for_done(session);
  co_return answer;
}

}  // namespace peregrine::imapd
