// Commands that need no mailbox.

#include "imapd/commands.h"
#include "imapd/extensions.h"
#include "imapd/session.h"

namespace peregrine::imapd {

net::Task<Answer> execute(Session& session, imap::Capability) {
  std::vector<std::string> names = capabilities(session.settings());
  std::vector<std::string_view> views(names.begin(), names.end());
  imap::write_capabilities(session.out(), views);
  co_return ok("Capabilities listed");
}

net::Task<Answer> execute(Session&, imap::Noop) {
  Answer answer = ok("Done");
  answer.updates = Updates::ask_always;
  co_return answer;
}

// RFC 3501 section 6.4.1: nothing waits to be checkpointed; the effect is that of NOOP.
net::Task<Answer> execute(Session& session, imap::Check) {
  if (session.selected() == nullptr) co_return none_selected();
  Answer answer = ok("Done");
  answer.updates = Updates::ask_always;
  co_return answer;
}

net::Task<Answer> execute(Session& session, imap::Logout) {
  // RFC 9051 section 6.1.3: the untagged BYE comes before the tagged OK.
  session.say_goodbye("", "Logging out");
  co_return ok("Logged out");
}

net::Task<Answer> execute(Session& session, imap::Id) {
  // RFC 2971 section 3.1: NIL. The program does not say what it is.
  imap::write_id(session.out(), {});
  co_return ok("Done");
}

net::Task<Answer> execute(Session&, imap::StartTls) {
  co_return bad("TLS can begin only before login");
}

net::Task<Answer> execute(Session&, imap::Login) {
  co_return bad("Already logged in");
}

net::Task<Answer> execute(Session&, imap::Authenticate) {
  co_return bad("Already logged in");
}

net::Task<Answer> execute(Session& session, imap::Enable) {
  // RFC 5161 section 3.1: what cannot be enabled is ignored; so far, that is everything.
  imap::write_enabled(session.out(), {});
  co_return ok("Done");
}

net::Task<Answer> execute(Session& session, imap::Namespace) {
  imap::write_namespace(session.out());
  co_return ok("Namespaces listed");
}

}  // namespace peregrine::imapd
