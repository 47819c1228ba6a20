// SELECT, EXAMINE, CLOSE and UNSELECT.

#include "imapd/commands.h"
#include "imapd/entries.h"
#include "imapd/names.h"
#include "imapd/session.h"

namespace peregrine::imapd {
namespace {

enum class Access : bool { read_write, read_only };

struct Opened {
  std::unique_ptr<Selected> selected;
  Uid uid_next;
};

std::unique_ptr<Selected> make_selected(const api::OpenMailboxItem& first, Access access) {
  const api::MailboxInfo& info = first.mailbox();
  auto selected = std::make_unique<Selected>();
  selected->mailbox = MailboxId(info.mailbox());
  selected->name = info.name();
  selected->uid_validity = UidValidity(info.uid_validity());
  selected->modseq = ModSeq(info.highest_modseq());
  selected->is_read_only = access == Access::read_only;
  selected->keywords.assign(first.keywords().begin(), first.keywords().end());
  selected->view.reserve(info.messages());
  return selected;
}

// Reads the whole list of messages; 5 bytes each, so a mailbox of a million is 5 MB.
net::Task<std::expected<Opened, rpc::CallFailure>> read_mailbox(Session& session, std::string name,
                                                                Access access) {
  api::OpenMailboxRequest request;
  request.set_session(session.id());
  request.set_name(std::move(name));
  auto items = api::open_mailbox(session.core(), request);
  Opened opened;
  while (true) {
    auto item = co_await items.next(Session::call_deadline());
    if (!item) co_return std::unexpected(item.error());
    if (!*item) break;
    if (!opened.selected) {
      opened.selected = make_selected(**item, access);
      opened.uid_next = Uid((*item)->mailbox().uid_next());
    }
    MailboxView& view = opened.selected->view;
    for_each_entry((*item)->entries(), [&view](const ViewEntry& entry) {
      if (entry.uid > view.last_uid()) view.append(entry);
    });
  }
  if (!opened.selected) co_return std::unexpected(rpc::CallFailure{});
  co_return opened;
}

// RFC 3501 section 6.3.1: what is sent for every mailbox that is selected.
void write_selected(Bytes& out, const Opened& opened) {
  const Selected& selected = *opened.selected;
  FlagSet all{k_all_flag_bits};
  imap::write_flags(out, all, selected.keywords);
  imap::write_exists(out, selected.view.size());
  imap::write_recent(out, 0);
  if (auto unseen = selected.view.first_unseen()) {
    imap::write_untagged(out, imap::Condition::ok, "UNSEEN " + std::to_string(*unseen + 1),
                         "First unseen message");
  }
  imap::write_untagged(out, imap::Condition::ok, imap::uid_validity_code(selected.uid_validity),
                       "UIDs are valid");
  imap::write_untagged(out, imap::Condition::ok, imap::uid_next_code(opened.uid_next),
                       "Predicted next UID");
  std::string permanent =
      selected.is_read_only
          ? imap::permanent_flags_code({}, {}, imap::NewKeywords::no)
          : imap::permanent_flags_code(all, selected.keywords, imap::NewKeywords::yes);
  imap::write_untagged(out, imap::Condition::ok, permanent, "Flags that can be changed");
}

net::Task<Answer> open_mailbox(Session& session, imap::MailboxName mailbox, Access access) {
  // RFC 9051 section 6.3.2: a SELECT that fails leaves no mailbox selected either.
  if (session.selected() != nullptr) {
    session.select(nullptr);
    imap::write_untagged(session.out(), imap::Condition::ok, "CLOSED", "Mailbox was deselected");
  }
  auto name = name_from_wire(mailbox);
  if (!name) co_return bad_name();
  // Before the list is read, so that no change falls between the two.
  session.watch();
  auto opened = co_await read_mailbox(session, std::move(*name), access);
  if (!opened) co_return session.failed(opened.error());
  write_selected(session.out(), *opened);
  session.select(std::move(opened->selected));
  co_return access == Access::read_only ? ok("Mailbox is selected read-only", "READ-ONLY")
                                        : ok("Mailbox is selected", "READ-WRITE");
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Select command) {
  return open_mailbox(session, std::move(command.mailbox), Access::read_write);
}

net::Task<Answer> execute(Session& session, imap::Examine command) {
  return open_mailbox(session, std::move(command.mailbox), Access::read_only);
}

net::Task<Answer> execute(Session& session, imap::Close) {
  if (session.selected() == nullptr) co_return none_selected();
  // RFC 9051 section 6.4.1: \Deleted messages are removed without a word, not after EXAMINE.
  if (!session.selected()->is_read_only) {
    api::ExpungeRequest request;
    request.set_session(session.id());
    request.set_mailbox(session.selected()->mailbox.value);
    request.set_with_deleted_flag(true);
    auto answer = co_await api::expunge(session.core(), request, Session::call_deadline());
    if (!answer) co_return session.failed(answer.error());
  }
  session.select(nullptr);
  co_return ok("Mailbox closed");
}

net::Task<Answer> execute(Session& session, imap::Unselect) {
  if (session.selected() == nullptr) co_return none_selected();
  session.select(nullptr);
  co_return ok("Mailbox deselected");
}

}  // namespace peregrine::imapd
