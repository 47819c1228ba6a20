// RETR, TOP and QUIT: what goes through core while the client waits.

#include <algorithm>
#include <utility>

#include "api/client.h"
#include "base/log.h"
#include "pop3d/session.h"
#include "proto/pop3/message_writer.h"

namespace peregrine::pop3d {
namespace {

constexpr std::chrono::seconds k_core_time{30};
constexpr std::size_t k_uids_a_request = 100'000;

}  // namespace

/// `lines`: of the body, for TOP; none for RETR.
net::Task<Session::Next> Session::send_message(std::uint32_t number,
                                               std::optional<std::uint32_t> lines) {
  const Maildrop::Message* message = maildrop_.find(number);
  if (message == nullptr) co_return refuse_number();
  bool header_only = lines == 0U;
  api::FetchRequest request;
  request.set_session(session_.value);
  request.set_mailbox(mailbox_.value);
  request.add_uids(message->uid.value);
  request.set_parts(header_only ? api::FETCH_HEADER : api::FETCH_RAW);
  auto writer = lines ? pop3::MessageWriter::top(*lines) : pop3::MessageWriter::whole();
  auto items = api::fetch(worker_.core(), request);
  bool has_begun = false;
  while (!writer.done()) {
    auto item = co_await items.next(deadline_in(k_core_time));
    if (!item) {
      // RFC 1939 section 3: after +OK no error can be told. Without its last line nobody takes the
      // part that was sent for the message.
      if (has_begun) co_return Next::gone;
      say(pop3::k_local_error);
      co_return Next::go_on;
    }
    if (!*item) break;
    for (const api::FetchedMessage& piece : (*item)->messages()) {
      if (piece.damaged()) {
        if (has_begun) co_return Next::gone;
        say(pop3::k_local_error);
        co_return Next::go_on;
      }
      if (piece.missing()) {
        if (has_begun) co_return Next::gone;
        // Expunged by another client since the login.
        co_return refuse_number();
      }
      if (!std::exchange(has_begun, true)) say(pop3::k_message_follows);
      writer.feed(header_only ? piece.header() : piece.raw(), client_.out());
    }
    if (!client_.is_full()) continue;
    bool is_sent = co_await client_.flush();
    if (!is_sent) co_return Next::gone;
  }
  if (!has_begun) {
    say(pop3::k_local_error);
    co_return Next::go_on;
  }
  writer.finish(client_.out());
  ++retrieved_;
  co_return Next::go_on;
}

/// RFC 1939 section 6: the UPDATE state.
net::Task<Session::Next> Session::quit() {
  std::vector<Uid> uids = maildrop_.deleted();
  std::size_t removed = 0;
  for (std::size_t at = 0; at < uids.size(); at += k_uids_a_request) {
    std::size_t count = std::min(k_uids_a_request, uids.size() - at);
    bool is_done = co_await expunge(std::span(uids).subspan(at, count));
    if (is_done) {
      removed += count;
      continue;
    }
    log_event(LogLevel::warning, "pop3.not_deleted",
              {{"conn", log_id()}, {"messages", uids.size() - removed}});
    say(pop3::k_not_all_deleted);
    co_return Next::close;
  }
  if (removed > 0) {
    log_event(LogLevel::info, "pop3.deleted", {{"conn", log_id()}, {"messages", removed}});
  }
  say(pop3::k_goodbye);
  co_return Next::close;
}

/// `uids` is the caller's, who waits.
net::Task<bool> Session::expunge(std::span<const Uid> uids) {
  api::ExpungeRequest request;
  request.set_session(session_.value);
  request.set_mailbox(mailbox_.value);
  request.set_only_these(true);
  request.set_with_deleted_flag(false);
  for (Uid uid : uids) request.add_uids(uid.value);
  auto answer = co_await api::expunge(worker_.core(), request, deadline_in(k_core_time));
  co_return answer.has_value();
}

}  // namespace peregrine::pop3d
