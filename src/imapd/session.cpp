#include "imapd/session.h"

#include "base/log.h"
#include "imapd/commands.h"
#include "imapd/extensions.h"

namespace peregrine::imapd {
namespace {

using namespace std::chrono_literals;
using role::Client;

// Core answers in milliseconds; a large copy, or a disk that is slow, takes longer.
constexpr auto k_call_time = 60s;
constexpr auto k_close_time = 5s;

struct Goodbye {
  std::string_view code;
  std::string_view text;
};
constexpr Goodbye k_no_core{"UNAVAILABLE", "Mail store is not available, try again later"};
constexpr Goodbye k_revoked{"", "Account was removed or its password changed"};

}  // namespace

Session::Session(role::Worker& worker, role::Connection& connection)
    : worker_(worker),
      connection_(connection),
      client_(worker, connection),
      core_(worker.core()),
      limits_(limits_of(worker.settings())),
      framer_(limits_),
      listening_(worker.loop()) {}

Deadline Session::call_deadline() {
  return deadline_in(k_call_time);
}

Deadline Session::idle_deadline() const {
  return deadline_in(settings().limits.imap_idle);
}

net::Task<role::SessionEnd> Session::run() {
  bool opened = co_await open();
  while (opened && !is_ended_) {
    co_await take_frame();
    bool sent = co_await flush_if_full();
    if (!sent) break;
  }
  co_await close();
  bool sent = co_await client_.flush();
  log_event(LogLevel::debug, "imap.closed",
            {{"conn", HexId{connection_id().value}}, {"orderly", sent}});
  co_return role::Closed{};
}

// Turns the ticket into a session, and answers the login command with it.
net::Task<bool> Session::open() {
  api::RedeemRequest request;
  request.set_connection(connection_id().value);
  request.set_service(static_cast<std::uint32_t>(connection_.facts.service));
  request.set_ticket(connection_.facts.ticket);
  auto answer = co_await api::redeem(core_, request, call_deadline());
  tag_ = std::move(connection_.facts.reply_tag);
  Bytes().swap(connection_.facts.ticket);
  if (!answer) {
    log_event(LogLevel::warning, "imap.not_opened", {{"conn", HexId{connection_id().value}}});
    imap::write_condition(out(), tag_, imap::Condition::no, "UNAVAILABLE",
                          "Cannot open the account now");
    say_goodbye(k_no_core.code, k_no_core.text);
    co_return false;
  }
  id_ = answer->session();
  std::vector<std::string> names = capabilities(settings());
  std::vector<std::string_view> views(names.begin(), names.end());
  imap::write_condition(out(), tag_, imap::Condition::ok, imap::capability_code(views),
                        "Logged in");
  // Also before a mailbox is selected: by it core says that the session is over.
  watch();
  log_event(LogLevel::debug, "imap.opened",
            {{"conn", HexId{connection_id().value}}, {"account", answer->address()}});
  co_return true;
}

net::Task<void> Session::close() {
  is_closing_ = true;
  if (changes_ != nullptr) changes_->interrupt();
  if (listening_.running() != 0) co_await listening_.drained(deadline_in(k_close_time));
  if (id_ == 0 || !core_->is_open()) co_return;
  api::ReleaseRequest request;
  request.set_session(id_);
  auto released = co_await api::release(core_, request, deadline_in(k_close_time));
  if (!released) {
    log_event(LogLevel::debug, "imap.not_released", {{"conn", HexId{connection_id().value}}});
  }
}

net::Task<void> Session::take_frame() {
  imap::FrameView view = framer_.next();
  switch (view.kind) {
    case imap::FrameKind::command:
      co_await take_command(view.text);
      break;
    case imap::FrameKind::append:
      co_await take_append(*this, view.text);
      break;
    case imap::FrameKind::continuation:
      imap::write_continuation(out(), "Ready for literal data");
      break;
    case imap::FrameKind::error:
      imap::write_frame_error(out(), view.error);
      log_event(LogLevel::info, "imap.bad_framing",
                {{"conn", HexId{connection_id().value}},
                 {"error", imap::log_text(view.error.kind)},
                 {"announced", view.error.announced}});
      if (view.error.is_fatal()) {
        connection_.is_offence = true;
        is_ended_ = true;
      } else {
        count_error();
      }
      break;
    default:
      co_await receive(idle_deadline());
      break;
  }
}

net::Task<Client::Input> Session::receive(Deadline deadline) {
  say_goodbye(ending_);
  if (is_ended_) co_return Client::Input::end;
  Client::Input input = co_await client_.receive(deadline);
  switch (input) {
    case Client::Input::data:
      framer_.push(client_.received());
      break;
    case Client::Input::interrupted:
      say_goodbye(ending_);
      break;
    case Client::Input::timed_out:
      say_goodbye("", "Nothing received in time");
      break;
    case Client::Input::stopping:
      say_goodbye("UNAVAILABLE", "Server is shutting down");
      break;
    case Client::Input::end:
      is_ended_ = true;
      break;
  }
  co_return input;
}

net::Task<bool> Session::flush_if_full() {
  if (!client_.is_full()) co_return true;
  bool sent = co_await client_.flush();
  if (!sent) is_ended_ = true;
  co_return sent;
}

net::Task<void> Session::take_command(BytesView text) {
  auto command = imap::parse_command(text, limits_);
  if (!command) {
    take_parse_error(command.error());
    co_return;
  }
  tag_ = std::move(command->tag);
  std::string_view extension = extension_of(command->body);
  if (!extension.empty() && !has_extension(settings(), extension)) {
    co_await finish_command(bad(imap::client_text(imap::SyntaxError::unknown_command)));
    co_return;
  }
  auto task =
      std::visit([this](auto& body) { return execute(*this, std::move(body)); }, command->body);
  Answer answer = co_await task;
  co_await finish_command(std::move(answer));
}

net::Task<void> Session::finish_command(Answer answer) {
  // A session that has ended owes the client nothing but, after LOGOUT, the tagged answer.
  if (is_ended_ && answer.condition == imap::Condition::bad) co_return;
  if (!is_ended_ && answer.condition != imap::Condition::bad) co_await send_updates(answer.updates);
  imap::write_condition(out(), tag_, answer.condition, answer.code, answer.text);
  if (answer.condition == imap::Condition::bad) {
    count_error();
  } else {
    errors_ = 0;
  }
}

void Session::take_parse_error(const imap::ParseError& error) {
  imap::write_parse_error(out(), error);
  count_error();
}

// A client that does nothing but err, one command after the other, is shown out.
void Session::count_error() {
  if (is_ended_ || ++errors_ < settings().limits.errors_per_session) return;
  connection_.is_offence = true;
  say_goodbye("", "Too many errors");
}

Answer Session::failed(const rpc::CallFailure& failure, Missing missing) {
  if (ends_session(failure)) {
    say_goodbye(api::refused_with(failure, api::ErrorCode::not_authorized) ? Ending::revoked
                                                                           : Ending::lost_core);
  }
  return answer_to(failure, missing);
}

void Session::say_goodbye(Ending ending) {
  if (ending == Ending::none) return;
  const Goodbye& goodbye = ending == Ending::revoked ? k_revoked : k_no_core;
  say_goodbye(goodbye.code, goodbye.text);
}

void Session::say_goodbye(std::string_view code, std::string_view text) {
  if (is_ended_) return;
  imap::write_untagged(out(), imap::Condition::bye, code, text);
  is_ended_ = true;
}

}  // namespace peregrine::imapd
