// STORE.

#include "imapd/commands.h"
#include "imapd/flag_update.h"
#include "imapd/session.h"
#include "proto/imap/fetch_writer.h"

namespace peregrine::imapd {
namespace {

void write_entry(Session& session, std::uint32_t place, imap::Numbering numbering) {
  const Selected& selected = *session.selected();
  imap::FetchWriter fetch(session.out(), place + 1);
  // RFC 9051 section 6.4.9: an answer to UID STORE names the UID.
  if (numbering == imap::Numbering::uid) fetch.uid(selected.view.uid(place));
  fetch
      .flags(selected.view.flags(place),
             keyword_names(selected.view.keywords(place), selected.keywords))
      .finish();
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Store command) {
  if (session.selected() == nullptr) co_return none_selected();
  if (session.selected()->is_read_only) co_return read_only();
  auto places = session.selected()->view.places(command.set, command.numbering);
  if (!places) co_return no_such_message_number();
  FlagUpdate update{command.change, command.flags};
  auto updated = co_await update_flags(session, *places, update);
  if (!updated) co_return session.failed(updated.error());
  for (const UpdatedFlags& message : *updated) {
    // RFC 9051 section 6.4.6: .SILENT holds back what the client can work out for itself, not what
    // somebody else changed.
    if (command.is_silent && message.is_as_expected) continue;
    write_entry(session, message.place, command.numbering);
    bool sent = co_await session.flush_if_full();
    if (!sent) break;
  }
  Answer answer = updated->size() == places->size()
                      ? ok("Flags stored")
                      : no("EXPUNGEISSUED", "Some messages are gone already");
  if (command.numbering == imap::Numbering::sequence) answer.updates = Updates::without_expunges;
  co_return answer;
}

}  // namespace peregrine::imapd
