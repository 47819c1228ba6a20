// APPEND: the message is taken as it comes, read once (its summary and the text that search looks
// at), and given to core, inline or in a sealed memory file.

#include <algorithm>

#include "base/log.h"
#include "crypto/hash.h"
#include "imapd/commands.h"
#include "imapd/message_lines.h"
#include "imapd/names.h"
#include "imapd/session.h"
#include "mime/search_text.h"
#include "mime/structure.h"
#include "role/content.h"
#include "role/receive_rate.h"

namespace peregrine::imapd {
namespace {

using role::Client;

/// A message under way: what came of it so far, or why it is refused.
struct Incoming {
  role::HeldMessage held;
  Bytes raw;
  LineEnds lines;
  bool has_nul = false;
  bool is_too_large = false;  // line ends made it so
};

// RFC 5530 section 3: LIMIT, the operation ran up against a limit of the implementation.
Answer no_room(Session& session, std::uint64_t size) {
  log_event(LogLevel::info, "imap.append_refused",
            {{"conn", HexId{session.connection_id().value}},
             {"size", size},
             {"reason", "no room in memory"}});
  return no("LIMIT", "Too many messages are on their way in, try again later");
}

void take_piece(BytesView piece, Incoming& message, std::size_t most) {
  if (message.has_nul || message.is_too_large || message.held.is_refused()) return;
  message.has_nul = !message.lines.feed(piece, message.raw);
  message.is_too_large = message.raw.size() > most;
  bool is_wanted = !message.has_nul && !message.is_too_large;
  if (!is_wanted || !message.held.grow_to(message.raw.size())) Bytes().swap(message.raw);
}

// Reads the literal to its end, also when it is refused already: the client sends it anyway.
net::Task<bool> read_message(Session& session, Incoming& message) {
  role::ReceiveRate rate(session.settings().limits.data_rate, Monotonic::now());
  while (session.framer().literal_left() > 0) {
    BytesView piece = session.framer().take_literal(kib(64));
    if (!piece.empty()) {
      rate.take(piece.size(), Monotonic::now());
      take_piece(piece, message, session.settings().limits.message_size);
      continue;
    }
    imap::FrameView view = session.framer().next();
    if (view.kind == imap::FrameKind::append_data) continue;
    Client::Input input = co_await session.receive(rate.deadline());
    if (session.is_ended()) co_return false;
    static_cast<void>(input);
  }
  bool is_kept = !message.has_nul && !message.is_too_large && !message.held.is_refused();
  if (is_kept) message.lines.finish(message.raw);
  co_return true;
}

// The rest of the command line: empty, if the client is right.
net::Task<bool> read_end(Session& session) {
  while (!session.is_ended()) {
    imap::FrameView view = session.framer().next();
    if (view.kind == imap::FrameKind::append_end) co_return view.text.empty();
    if (view.kind == imap::FrameKind::error) {
      imap::write_frame_error(session.out(), view.error);
      if (view.error.is_fatal()) session.break_off();
      co_return false;
    }
    if (view.kind == imap::FrameKind::need_more) {
      co_await session.receive(session.idle_deadline());
    }
  }
  co_return false;
}

sys::SysResult<role::PackedContent> pack(Bytes raw) {
  MessageSummary summary = mime::read_message(raw);
  mime::SearchText words = mime::search_text(raw, summary);
  return role::pack_content({.summary = encode_summary(summary),
                             .search_headers = std::move(words.headers),
                             .search_body = std::move(words.body),
                             .raw = std::move(raw)});
}

net::Task<Answer> store_message(Session& session, const imap::Append& command, std::string name,
                                Bytes raw) {
  std::size_t size = raw.size();
  api::AppendRequest request;
  request.set_session(session.id());
  request.set_name(std::move(name));
  auto packed = pack(std::move(raw));
  if (!packed) {
    log_event(LogLevel::error, "imap.no_memory_file", {{"error", sys::describe(packed.error())}});
    co_return no("UNAVAILABLE", "Internal error, try again later");
  }
  *request.mutable_content() = std::move(packed->content);
  request.set_flags(command.flags.flags.bits);
  for (const std::string& keyword : command.flags.keywords) request.add_keywords(keyword);
  if (command.date) request.set_internal_date(command.date->time.seconds);
  auto answer = co_await api::append(session.core(), request, Session::call_deadline(),
                                     std::move(packed->memory_file));
  if (!answer) co_return session.failed(answer.error(), Missing::try_create);
  log_event(
      LogLevel::info, "imap.appended",
      {{"conn", HexId{session.connection_id().value}}, {"size", size}, {"uid", answer->uid()}});
  Answer done = ok("Message appended",
                   imap::append_uid_code(UidValidity(answer->uid_validity()), Uid(answer->uid())));
  // RFC 9051 section 6.3.12: in the selected mailbox the new message is told at once.
  if (session.has_selected(request.name())) done.updates = Updates::ask_always;
  co_return done;
}

// Why the message is not wanted at all, told before it is sent.
net::Task<std::optional<Answer>> refusal(Session& session, const imap::Append& command,
                                         const std::optional<std::string>& name) {
  if (!name) co_return bad_name();
  // RFC 3516 section 4.4: literal8 comes with the BINARY extension, which is not offered.
  if (command.is_binary) co_return no("UNKNOWN-CTE", "Binary literals are not supported");
  if (command.message_bytes == 0) co_return no("", "Message is empty");
  api::StatusRequest request;
  request.set_session(session.id());
  request.set_name(*name);
  auto answer = co_await api::status(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error(), Missing::try_create);
  co_return std::nullopt;
}

net::Task<Answer> append(Session& session, const imap::Append& command) {
  auto name = name_from_wire(command.mailbox);
  Incoming message{.held = session.hold_message()};
  auto refused = co_await refusal(session, command, name);
  // Better than to take a literal only to drop it. What is announced is not held for it.
  if (!refused && !message.held.fits(command.message_bytes)) {
    refused = no_room(session, command.message_bytes);
  }
  if (refused) {
    session.framer().refuse_append();
    co_return std::move(*refused);
  }
  session.framer().accept_append();
  if (command.sync == imap::Sync::yes) {
    imap::write_continuation(session.out(), "Ready for literal data");
  }
  bool complete = co_await read_message(session, message);
  if (complete) complete = co_await read_end(session);
  if (session.is_ended()) co_return bad("Message did not arrive");
  if (!complete) co_return bad(imap::client_text(imap::SyntaxError::trailing_text));
  if (message.has_nul) co_return bad("Message holds NUL");
  if (message.is_too_large) co_return no("TOOBIG", "Message is too large");
  if (message.held.is_refused()) co_return no_room(session, command.message_bytes);
  Answer answer =
      co_await store_message(session, command, std::move(*name), std::move(message.raw));
  co_return answer;
}

}  // namespace

net::Task<void> take_append(Session& session, BytesView text) {
  auto command = imap::parse_command(text, session.limits());
  const imap::Append* body = command ? std::get_if<imap::Append>(&command->body) : nullptr;
  if (body == nullptr) {
    session.framer().refuse_append();
    session.take_parse_error(command ? imap::ParseError{.tag = command->tag} : command.error());
    co_return;
  }
  session.set_tag(command->tag);
  Answer answer = co_await append(session, *body);
  co_await session.finish_command(std::move(answer));
}

net::Task<Answer> execute(Session&, imap::Append) {
  // Without a message behind it, it is no APPEND.
  co_return bad(imap::client_text(imap::SyntaxError::bad_syntax));
}

}  // namespace peregrine::imapd
