// COPY and MOVE.

#include <algorithm>

#include "imapd/commands.h"
#include "imapd/names.h"
#include "imapd/session.h"

namespace peregrine::imapd {
namespace {

// Both commands take effect as a whole, in one call that has to fit a frame.
constexpr std::size_t k_messages_a_call = 150'000;

std::string copy_uid_code(const api::CopyResponse& response) {
  auto uids = [](const auto& numbers) {
    std::vector<Uid> list;
    for (std::uint32_t number : numbers) list.emplace_back(number);
    return list;
  };
  std::vector<Uid> from = uids(response.source_uids());
  std::vector<Uid> to = uids(response.target_uids());
  if (from.empty() || from.size() != to.size()) return {};
  return imap::copy_uid_code(UidValidity(response.uid_validity()), from, to);
}

enum class Transfer : bool { copy, move };

net::Task<Answer> transfer(Session& session, imap::Copy command, Transfer kind) {
  if (session.selected() == nullptr) co_return none_selected();
  if (kind == Transfer::move && session.selected()->is_read_only) co_return read_only();
  auto name = name_from_wire(command.mailbox);
  if (!name) co_return bad_name();
  const MailboxView& view = session.selected()->view;
  auto places = view.places(command.set, command.numbering);
  if (!places) co_return no_such_message_number();
  if (places->empty()) co_return ok("Nothing to do");
  if (places->size() > k_messages_a_call) co_return no("LIMIT", "Too many messages at once");

  api::CopyRequest request;
  request.set_session(session.id());
  request.set_mailbox(session.selected()->mailbox.value);
  for (std::uint32_t place : *places) request.add_uids(view.uid(place).value);
  request.set_target(*name);
  request.set_move(kind == Transfer::move);
  auto answer = co_await api::copy(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error(), Missing::try_create);

  std::string code = copy_uid_code(*answer);
  Updates updates = session.has_selected(*name) ? Updates::ask_always : Updates::all;
  if (kind == Transfer::copy) {
    Answer done = ok("Messages copied", std::move(code));
    done.updates = updates;
    co_return done;
  }
  // RFC 6851 section 4.3: COPYUID comes in an untagged OK before the EXPUNGE responses.
  if (!code.empty()) {
    imap::write_untagged(session.out(), imap::Condition::ok, code, "Messages moved");
  }
  std::vector<std::uint32_t> uids(answer->source_uids().begin(), answer->source_uids().end());
  std::ranges::sort(uids);
  session.announce_expunged(uids);
  Answer done = ok("Done");
  done.updates = updates;
  co_return done;
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Copy command) {
  return transfer(session, std::move(command), Transfer::copy);
}

net::Task<Answer> execute(Session& session, imap::Move command) {
  return transfer(session,
                  imap::Copy{command.numbering, std::move(command.set), std::move(command.mailbox)},
                  Transfer::move);
}

}  // namespace peregrine::imapd
