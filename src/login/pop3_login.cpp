#include "login/pop3_login.h"

#include <memory>

#include "base/log.h"
#include "config/types.h"
#include "login/exchange.h"
#include "proto/pop3/framer.h"
#include "proto/pop3/grammar.h"
#include "role/client.h"
#include "role/typist_guard.h"
#include "text/base64.h"

namespace peregrine::login {
namespace {

using role::Client;
using role::Closed;
using role::SessionEnd;

class Pop3Login {
 public:
  Pop3Login(role::Worker& worker, role::Connection& connection)
      : worker_(worker),
        connection_(connection),
        client_(worker, connection),
        framer_(pop3::k_command_limits),
        attempts_(worker, connection.facts),
        typist_(worker, connection.facts, role::Watched::as_stranger) {}

  net::Task<SessionEnd> run();

 private:
  using Next = std::optional<SessionEnd>;

  net::Task<Next> take_input();
  net::Task<Next> take_line(Bytes line);
  net::Task<Next> execute(pop3::User& command);
  net::Task<Next> execute(pop3::Pass& command);
  net::Task<Next> execute(pop3::Auth& command);
  net::Task<Next> execute(const pop3::Stls& command);
  net::Task<Next> execute(const pop3::Capa& command);
  net::Task<Next> execute(const pop3::Quit& command);
  // Those of the TRANSACTION state, which refusal() has turned away already.
  template <class Other>
  net::Task<Next> execute(const Other& command);
  Next take_turn(Turn turn);
  Next take_verdict(Verdict verdict);

  [[nodiscard]] pop3::Channel channel_for(pop3::Verb verb) const;
  void reply(const pop3::FixedResponse& response) {
    pop3::append_response(response, client_.out());
    typist_.replied(client_.out());
  }
  Next error(const pop3::FixedResponse& response);
  Next goodbye(const pop3::FixedResponse& response);
  Next offence(std::string_view what, const pop3::FixedResponse& response);

  role::Worker& worker_;
  role::Connection& connection_;
  Client client_;
  LineFramer framer_;
  Attempts attempts_;
  role::TypistGuard typist_;
  std::optional<std::string> user_;     // of USER, for the PASS right behind it
  std::unique_ptr<Exchange> exchange_;  // AUTH waits for a line
  unsigned errors_ = 0;
  bool has_spoken_ = false;
};

constexpr pop3::FixedResponse k_not_pop3{pop3::Status::err, pop3::ResponseCode::none,
                                         "This is a POP3 server"};
constexpr pop3::FixedResponse k_early_bytes{pop3::Status::err, pop3::ResponseCode::none,
                                            "Bytes sent before TLS began"};
constexpr pop3::FixedResponse k_no_tls{pop3::Status::err, pop3::ResponseCode::none,
                                       "TLS cannot begin here"};

net::Task<SessionEnd> Pop3Login::run() {
  Deadline deadline = deadline_in(worker_.settings().limits.unauthenticated_time);
  Next end;
  while (!end) {
    Client::Input input = co_await client_.receive(deadline);
    switch (input) {
      case Client::Input::data:
        framer_.feed(typist_.receive(client_.received(), framer_.has_buffered()));
        end = typist_.has_to_go() ? goodbye(pop3::k_no_interactive) : co_await take_input();
        break;
      case Client::Input::timed_out:
        end = goodbye(pop3::k_timeout);
        break;
      case Client::Input::stopping:
        end = goodbye(pop3::k_shutting_down);
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

net::Task<Pop3Login::Next> Pop3Login::take_input() {
  if (!std::exchange(has_spoken_, true) && is_foreign(framer_.buffered())) {
    co_return offence("foreign_protocol", k_not_pop3);
  }
  Next end;
  while (!end) {
    LineEvent event = framer_.next();
    if (event == LineEvent::need_more) break;
    if (event == LineEvent::line) {
      end = co_await take_line(Bytes(framer_.line()));
    } else if (event == LineEvent::too_long) {
      exchange_.reset();
      framer_.set_limits(pop3::k_command_limits);
      end = error(pop3::k_line_too_long);
    } else if (event == LineEvent::endless) {
      // Its length was told before.
      connection_.is_offence = true;
      end = Closed{};
    } else {
      end = offence("bad_line", pop3::k_bad_line_end);
    }
  }
  co_return end;
}

net::Task<Pop3Login::Next> Pop3Login::take_line(Bytes line) {
  // The line may hold a password.
  Secret held = Secret::take(std::move(line));
  Next end;
  if (exchange_) {
    Turn turn = co_await exchange_->respond(sasl::decode_response(held.reveal()));
    co_return take_turn(std::move(turn));
  }
  pop3::Verb verb = pop3::parse_verb(held.reveal());
  pop3::State state = user_ ? pop3::State::user_given : pop3::State::authorization;
  // RFC 1939 section 7: PASS may come only right behind USER.
  if (verb != pop3::Verb::pass) user_.reset();
  if (auto refused = pop3::refusal(verb, state, channel_for(verb))) co_return error(*refused);
  auto command = pop3::parse_command(held.reveal());
  held.wipe();
  if (!command) co_return error(pop3::response_to(command.error()));
  auto task = std::visit([this](auto& body) { return execute(body); }, *command);
  end = co_await task;
  co_return end;
}

// Where a login in the clear is allowed, TLS may begin all the same.
pop3::Channel Pop3Login::channel_for(pop3::Verb verb) const {
  bool is_safe = verb == pop3::Verb::stls ? connection_.facts.tls.has_value()
                                          : may_log_in(worker_, connection_.facts);
  return is_safe ? pop3::Channel::tls : pop3::Channel::clear;
}

net::Task<Pop3Login::Next> Pop3Login::execute(pop3::User& command) {
  user_ = std::move(command.name);
  // RFC 1939 section 7: the answer says nothing about whether there is such a mailbox (V33).
  reply(pop3::k_send_password);
  co_return std::nullopt;
}

net::Task<Pop3Login::Next> Pop3Login::execute(pop3::Pass& command) {
  sasl::PasswordLogin login;
  login.authentication_id = std::move(*user_);
  user_.reset();
  login.password = std::move(command.password);
  Verdict verdict = co_await attempts_.check(std::move(login));
  co_return take_verdict(std::move(verdict));
}

net::Task<Pop3Login::Next> Pop3Login::execute(pop3::Auth& command) {
  exchange_ =
      Exchange::make(attempts_, sasl_context(worker_, connection_.facts), command.mechanism);
  if (!exchange_) co_return error(pop3::k_unknown_mechanism);
  framer_.set_limits(pop3::k_sasl_limits);
  std::optional<Exchange::Message> initial;
  if (command.initial_response) {
    initial = sasl::decode_initial_response(command.initial_response->reveal());
  }
  Turn turn = co_await exchange_->begin(std::move(initial));
  co_return take_turn(std::move(turn));
}

net::Task<Pop3Login::Next> Pop3Login::execute(const pop3::Stls&) {
  if (!may_begin_tls(worker_, connection_.facts)) co_return error(k_no_tls);
  // RFC 2595 section 4: what came in the clear behind STLS is not obeyed (V13).
  if (framer_.has_buffered()) co_return offence("stls_injection", k_early_bytes);
  reply(pop3::k_begin_tls);
  co_return role::BeginTls{};
}

net::Task<Pop3Login::Next> Pop3Login::execute(const pop3::Capa&) {
  auto has = [&disabled = worker_.settings().pop3.disabled_extensions](std::string_view name) {
    return !config::has_word(disabled, name);
  };
  pop3::Capabilities capabilities;
  capabilities.top = has("TOP");
  capabilities.uidl = has("UIDL");
  capabilities.pipelining = has("PIPELINING");
  capabilities.stls = may_begin_tls(worker_, connection_.facts);
  if (may_log_in(worker_, connection_.facts)) {
    capabilities.user = true;
    for (std::string_view name : sasl::mechanisms(sasl_context(worker_, connection_.facts))) {
      capabilities.sasl_mechanisms.emplace_back(name);
    }
  }
  pop3::append_capabilities(capabilities, client_.out());
  typist_.replied();
  co_return std::nullopt;
}

net::Task<Pop3Login::Next> Pop3Login::execute(const pop3::Quit&) {
  reply(pop3::k_goodbye);
  co_return Closed{};
}

template <class Other>
net::Task<Pop3Login::Next> Pop3Login::execute(const Other&) {
  co_return error(pop3::k_wrong_state);
}

Pop3Login::Next Pop3Login::take_turn(Turn turn) {
  if (auto* challenge = std::get_if<sasl::Challenge>(&turn)) {
    pop3::append_challenge(text::base64_encode(challenge->data), client_.out());
    typist_.replied();
    return std::nullopt;
  }
  exchange_.reset();
  framer_.set_limits(pop3::k_command_limits);
  if (auto* failure = std::get_if<sasl::SaslError>(&turn)) {
    return error(*failure == sasl::SaslError::cancelled ? pop3::k_auth_cancelled
                                                        : pop3::k_bad_arguments);
  }
  return take_verdict(std::move(std::get<Verdict>(turn)));
}

Pop3Login::Next Pop3Login::take_verdict(Verdict verdict) {
  if (verdict.outcome == Outcome::unavailable) return error(pop3::k_local_error);
  if (verdict.outcome == Outcome::wrong) {
    Next end = error(pop3::k_auth_failed);
    if (!end && attempts_.is_spent()) {
      connection_.is_offence = true;
      end = Closed{};
    }
    return end;
  }
  BytesView unread = framer_.buffered();
  if (unread.size() > rpc::k_max_unread) return goodbye(pop3::k_too_many_errors);
  return role::Move{
      .role = Role::pop3, .ticket = std::move(verdict.ticket), .unread = Bytes(unread)};
}

Pop3Login::Next Pop3Login::error(const pop3::FixedResponse& response) {
  reply(response);
  if (++errors_ < worker_.settings().limits.errors_per_session) return std::nullopt;
  connection_.is_offence = true;
  return goodbye(pop3::k_too_many_errors);
}

Pop3Login::Next Pop3Login::goodbye(const pop3::FixedResponse& response) {
  reply(response);
  return Closed{};
}

Pop3Login::Next Pop3Login::offence(std::string_view what, const pop3::FixedResponse& response) {
  note_offence(connection_, what);
  return goodbye(response);
}

}  // namespace

net::Task<SessionEnd> serve_pop3(role::Worker& worker, role::Connection& connection) {
  Pop3Login session(worker, connection);
  SessionEnd end = co_await session.run();
  co_return end;
}

}  // namespace peregrine::login
