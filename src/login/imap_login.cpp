#include "login/imap_login.h"

#include <memory>

#include "base/log.h"
#include "config/types.h"
#include "login/exchange.h"
#include "proto/imap/framer.h"
#include "proto/imap/parse_command.h"
#include "proto/imap/responses.h"
#include "role/client.h"
#include "role/typist_guard.h"
#include "text/base64.h"

namespace peregrine::login {
namespace {

using imap::Condition;
using role::Client;
using role::Closed;
using role::SessionEnd;

imap::Limits limits_of(const role::Worker& worker) {
  imap::Limits limits = imap::Limits::before_login();
  limits.command_bytes = worker.settings().limits.imap_command_before_login;
  return limits;
}

class ImapLogin {
 public:
  ImapLogin(role::Worker& worker, role::Connection& connection)
      : worker_(worker),
        connection_(connection),
        client_(worker, connection),
        limits_(limits_of(worker)),
        framer_(limits_),
        attempts_(worker, connection.facts),
        typist_(worker, connection.facts, role::Watched::as_stranger) {}

  net::Task<SessionEnd> run();

 private:
  // What the session goes on with after a command: nothing, or its end.
  using Next = std::optional<SessionEnd>;

  net::Task<Next> take_input();
  net::Task<Next> take_command(imap::Command command);
  net::Task<Next> take_response(BytesView line);
  net::Task<Next> execute(const imap::Capability& command);
  net::Task<Next> execute(const imap::Noop& command);
  net::Task<Next> execute(const imap::Logout& command);
  net::Task<Next> execute(const imap::Id& command);
  net::Task<Next> execute(const imap::StartTls& command);
  net::Task<Next> execute(imap::Login& command);
  net::Task<Next> execute(imap::Authenticate& command);
  // The grammar before login makes no other command; this answers what does not exist.
  template <class Other>
  net::Task<Next> execute(const Other& command);
  Next take_turn(Turn turn);
  Next take_verdict(Verdict verdict);

  Next error(Condition condition, std::string_view code, std::string_view text);
  Next goodbye(std::string_view code, std::string_view text);
  Next offence(std::string_view what, std::string_view text);
  void reply(Condition condition, std::string_view code, std::string_view text) {
    imap::write_condition(client_.out(), tag_, condition, code, text);
    typist_.replied(client_.out());
  }
  std::vector<std::string> capabilities() const;

  role::Worker& worker_;
  role::Connection& connection_;
  Client client_;
  imap::Limits limits_;
  imap::Framer framer_;
  Attempts attempts_;
  role::TypistGuard typist_;
  std::string tag_;                     // of the command under way
  std::unique_ptr<Exchange> exchange_;  // AUTHENTICATE waits for a line
  unsigned errors_ = 0;
  bool has_spoken_ = false;
};

net::Task<SessionEnd> ImapLogin::run() {
  Deadline deadline = deadline_in(worker_.settings().limits.unauthenticated_time);
  Next end;
  while (!end) {
    Client::Input input = co_await client_.receive(deadline);
    switch (input) {
      case Client::Input::data:
        framer_.push(typist_.receive(client_.received(), !framer_.unread().empty()));
        end = typist_.has_to_go() ? goodbye("", "Interactive sessions are not allowed")
                                  : co_await take_input();
        break;
      case Client::Input::timed_out:
        end = goodbye("", "No login in time");
        break;
      case Client::Input::stopping:
        end = goodbye("UNAVAILABLE", "Server is shutting down");
        break;
      case Client::Input::interrupted:
      case Client::Input::end:
        end = Closed{};
        break;
    }
    std::chrono::milliseconds pause = typist_.take_pause();
    if (pause.count() > 0) co_await net::sleep_until(worker_.loop(), deadline_in(pause));
  }
  bool sent = co_await client_.flush();
  if (!sent) end = Closed{};
  co_return std::move(*end);
}

net::Task<ImapLogin::Next> ImapLogin::take_input() {
  if (!std::exchange(has_spoken_, true) && is_foreign(framer_.unread())) {
    co_return offence("foreign_protocol", "This is an IMAP server");
  }
  Next end;
  while (!end) {
    imap::FrameView view = exchange_ ? framer_.next_line() : framer_.next();
    if (view.kind == imap::FrameKind::need_more) break;
    if (view.kind == imap::FrameKind::continuation) {
      imap::write_continuation(client_.out(), "Ready for literal data");
      typist_.replied();
    } else if (view.kind == imap::FrameKind::line) {
      end = co_await take_response(view.text);
    } else if (view.kind == imap::FrameKind::command) {
      auto command = imap::parse_command(view.text, limits_);
      if (command) {
        end = co_await take_command(std::move(*command));
      } else {
        tag_ = command.error().tag;
        end = error(Condition::bad, "", imap::client_text(command.error().kind));
      }
    } else {
      // Before login every framing error ends the connection (V26).
      imap::write_frame_error(client_.out(), view.error);
      connection_.is_offence = true;
      log_event(LogLevel::info, "login.bad_framing",
                {{"conn", HexId{connection_.facts.id.value}},
                 {"error", imap::log_text(view.error.kind)},
                 {"announced", view.error.announced}});
      end = Closed{};
    }
  }
  co_return end;
}

net::Task<ImapLogin::Next> ImapLogin::take_command(imap::Command command) {
  tag_ = std::move(command.tag);
  auto task = std::visit([this](auto& body) { return execute(body); }, command.body);
  Next end = co_await task;
  co_return end;
}

std::vector<std::string> ImapLogin::capabilities() const {
  std::vector<std::string> list = {"IMAP4rev1", "SASL-IR"};
  if (!config::has_word(worker_.settings().imap.disabled_extensions, "ID")) list.emplace_back("ID");
  if (may_begin_tls(worker_, connection_.facts)) list.emplace_back("STARTTLS");
  if (!may_log_in(worker_, connection_.facts)) {
    // RFC 9051 section 6.2.3: without protection LOGINDISABLED is announced and LOGIN refused.
    list.emplace_back("LOGINDISABLED");
    return list;
  }
  for (std::string_view name : sasl::mechanisms(sasl_context(worker_, connection_.facts))) {
    list.push_back("AUTH=" + std::string(name));
  }
  return list;
}

net::Task<ImapLogin::Next> ImapLogin::execute(const imap::Capability&) {
  std::vector<std::string> names = capabilities();
  std::vector<std::string_view> views(names.begin(), names.end());
  imap::write_capabilities(client_.out(), views);
  reply(Condition::ok, "", "Capabilities listed");
  co_return std::nullopt;
}

net::Task<ImapLogin::Next> ImapLogin::execute(const imap::Noop&) {
  reply(Condition::ok, "", "Done");
  co_return std::nullopt;
}

net::Task<ImapLogin::Next> ImapLogin::execute(const imap::Logout&) {
  imap::write_untagged(client_.out(), Condition::bye, "", "Logging out");
  reply(Condition::ok, "", "Logged out");
  co_return Closed{};
}

net::Task<ImapLogin::Next> ImapLogin::execute(const imap::Id&) {
  if (config::has_word(worker_.settings().imap.disabled_extensions, "ID")) {
    co_return error(Condition::bad, "", imap::client_text(imap::SyntaxError::unknown_command));
  }
  imap::write_id(client_.out(), {});
  reply(Condition::ok, "", "Done");
  co_return std::nullopt;
}

net::Task<ImapLogin::Next> ImapLogin::execute(const imap::StartTls&) {
  if (!may_begin_tls(worker_, connection_.facts)) {
    co_return error(Condition::bad, "", "TLS cannot begin here");
  }
  // RFC 9051 section 11.1: what came in the clear behind STARTTLS is not obeyed (V13).
  if (!framer_.unread().empty()) {
    co_return offence("starttls_injection", "Bytes sent before TLS began");
  }
  reply(Condition::ok, "", "Begin TLS negotiation");
  co_return role::BeginTls{};
}

net::Task<ImapLogin::Next> ImapLogin::execute(imap::Login& command) {
  if (!may_log_in(worker_, connection_.facts)) {
    command.password.wipe();
    // RFC 5530 section 3: PRIVACYREQUIRED. The credentials are not looked at.
    co_return error(Condition::no, "PRIVACYREQUIRED", "Encryption is required to log in");
  }
  sasl::PasswordLogin login;
  login.authentication_id = std::move(command.user);
  login.password = std::move(command.password);
  Verdict verdict = co_await attempts_.check(std::move(login));
  co_return take_verdict(std::move(verdict));
}

net::Task<ImapLogin::Next> ImapLogin::execute(imap::Authenticate& command) {
  if (!may_log_in(worker_, connection_.facts)) {
    co_return error(Condition::no, "PRIVACYREQUIRED", "Encryption is required to log in");
  }
  exchange_ =
      Exchange::make(attempts_, sasl_context(worker_, connection_.facts), command.mechanism);
  if (!exchange_) co_return error(Condition::no, "CANNOT", "Unknown mechanism");
  std::optional<Exchange::Message> initial;
  if (command.initial_response) {
    // The grammar has made "=" the empty response.
    initial = command.initial_response->empty()
                  ? Exchange::Message(Secret())
                  : sasl::decode_response(command.initial_response->reveal());
  }
  Turn turn = co_await exchange_->begin(std::move(initial));
  co_return take_turn(std::move(turn));
}

template <class Other>
net::Task<ImapLogin::Next> ImapLogin::execute(const Other&) {
  co_return error(Condition::bad, "", "Log in first");
}

net::Task<ImapLogin::Next> ImapLogin::take_response(BytesView line) {
  Turn turn = co_await exchange_->respond(sasl::decode_response(line));
  co_return take_turn(std::move(turn));
}

ImapLogin::Next ImapLogin::take_turn(Turn turn) {
  if (auto* challenge = std::get_if<sasl::Challenge>(&turn)) {
    imap::write_continuation(client_.out(), text::base64_encode(challenge->data));
    typist_.replied();
    return std::nullopt;
  }
  exchange_.reset();
  if (auto* failure = std::get_if<sasl::SaslError>(&turn)) {
    // RFC 9051 section 6.2.2: a cancelled exchange, and one that does not decode, is BAD.
    return error(
        Condition::bad, "",
        *failure == sasl::SaslError::cancelled ? "Authentication cancelled" : "Malformed response");
  }
  return take_verdict(std::move(std::get<Verdict>(turn)));
}

ImapLogin::Next ImapLogin::take_verdict(Verdict verdict) {
  if (verdict.outcome == Outcome::unavailable) {
    return error(Condition::no, "UNAVAILABLE", "Cannot check the password now");
  }
  if (verdict.outcome == Outcome::wrong) {
    Next end = error(Condition::no, "AUTHENTICATIONFAILED", "Authentication failed");
    if (!end && attempts_.is_spent()) {
      connection_.is_offence = true;
      end = goodbye("", "Too many failed logins");
    }
    return end;
  }
  if (framer_.unread().size() > rpc::k_max_unread) {
    return goodbye("LIMIT", "Too much sent before the answer to login");
  }
  return role::Move{.role = Role::imap,
                    .ticket = std::move(verdict.ticket),
                    .reply_tag = tag_,
                    .unread = Bytes(framer_.unread())};
}

ImapLogin::Next ImapLogin::error(Condition condition, std::string_view code,
                                 std::string_view text) {
  reply(condition, code, text);
  if (++errors_ < worker_.settings().limits.errors_per_session) return std::nullopt;
  connection_.is_offence = true;
  return goodbye("", "Too many errors");
}

ImapLogin::Next ImapLogin::goodbye(std::string_view code, std::string_view text) {
  imap::write_untagged(client_.out(), Condition::bye, code, text);
  return Closed{};
}

ImapLogin::Next ImapLogin::offence(std::string_view what, std::string_view text) {
  note_offence(connection_, what);
  return goodbye("", text);
}

}  // namespace

net::Task<SessionEnd> serve_imap(role::Worker& worker, role::Connection& connection) {
  ImapLogin session(worker, connection);
  SessionEnd end = co_await session.run();
  co_return end;
}

}  // namespace peregrine::login
