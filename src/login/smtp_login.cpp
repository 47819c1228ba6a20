#include "login/smtp_login.h"

#include <memory>

#include "base/foreign_protocol.h"
#include "base/log.h"
#include "config/types.h"
#include "login/exchange.h"
#include "proto/smtp/framer.h"
#include "proto/smtp/grammar.h"
#include "proto/smtp/replies.h"
#include "proto/smtp/session_state.h"
#include "role/client.h"
#include "role/submission_offer.h"
#include "role/typist_guard.h"
#include "text/base64.h"

namespace peregrine::login {
namespace {

using role::Client;
using role::Closed;
using role::SessionEnd;
using smtp::Verb;

class SmtpLogin {
 public:
  SmtpLogin(role::Worker& worker, role::Connection& connection)
      : worker_(worker),
        connection_(connection),
        client_(worker, connection),
        framer_(smtp::k_basic_limits),
        attempts_(worker, connection.facts),
        typist_(worker, connection.facts, role::Watched::as_stranger) {}

  net::Task<SessionEnd> run();

 private:
  // What the session goes on with after a line: nothing, or its end.
  using Next = std::optional<SessionEnd>;

  net::Task<Next> take_input();
  net::Task<Next> take_line(Bytes line);
  Next take_event(LineEvent event);
  net::Task<Next> authenticate(smtp::Auth auth);
  Next take_turn(Turn turn);
  Next take_verdict(Verdict verdict);
  Next obey(const smtp::Command& command);
  Next greet(const smtp::Hello& hello);

  [[nodiscard]] std::optional<smtp::FixedReply> refusal(Verb verb) const;
  [[nodiscard]] bool spoke_too_soon(Verb verb) const;
  [[nodiscard]] smtp::Extensions extensions() const;
  void reply(const smtp::FixedReply& reply) {
    smtp::append_reply(reply, client_.out());
    typist_.replied(client_.out());
  }
  Next error(const smtp::FixedReply& reply);
  Next goodbye(const smtp::FixedReply& reply);
  Next offence(std::string_view what, const smtp::FixedReply& reply);

  role::Worker& worker_;
  role::Connection& connection_;
  Client client_;
  LineFramer framer_;
  Attempts attempts_;
  role::TypistGuard typist_;
  smtp::Greeting greeting_ = smtp::Greeting::none;
  smtp::Extensions offered_;  // nothing before EHLO
  std::string hello_;
  std::unique_ptr<Exchange> exchange_;  // AUTH waits for a line
  unsigned errors_ = 0;
  bool has_spoken_ = false;
};

net::Task<SessionEnd> SmtpLogin::run() {
  Deadline deadline = deadline_in(worker_.settings().limits.unauthenticated_time);
  Next end;
  while (!end) {
    Client::Input input = co_await client_.receive(deadline);
    switch (input) {
      case Client::Input::data:
        framer_.feed(typist_.receive(client_.received(), framer_.has_buffered()));
        end = typist_.has_to_go() ? goodbye(smtp::k_reply_no_interactive) : co_await take_input();
        break;
      case Client::Input::timed_out:
        end = goodbye(smtp::k_reply_timeout);
        break;
      case Client::Input::stopping:
        // RFC 5321 section 3.8: 421 before a shutdown.
        end = goodbye(smtp::k_reply_shutting_down);
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

net::Task<SmtpLogin::Next> SmtpLogin::take_input() {
  // Before a byte of it is taken for a command (V15).
  if (!std::exchange(has_spoken_, true) &&
      detect_foreign_protocol(framer_.buffered()) != ForeignProtocol::none) {
    co_return offence("foreign_protocol", smtp::k_reply_foreign_protocol);
  }
  Next end;
  while (!end) {
    LineEvent event = framer_.next();
    if (event == LineEvent::need_more) break;
    if (event == LineEvent::line) {
      end = co_await take_line(Bytes(framer_.line()));
    } else {
      end = take_event(event);
    }
  }
  co_return end;
}

SmtpLogin::Next SmtpLogin::take_event(LineEvent event) {
  if (event == LineEvent::too_long) {
    // RFC 4954 section 4: a line over the limit ends the exchange with 500.
    bool in_exchange = exchange_ != nullptr;
    exchange_.reset();
    return error(in_exchange ? smtp::k_reply_auth_line_too_long : smtp::k_reply_line_too_long);
  }
  if (event == LineEvent::endless) {
    // Its length was told before.
    connection_.is_offence = true;
    return Closed{};
  }
  return offence("bad_line", smtp::k_reply_bare_line_end);
}

net::Task<SmtpLogin::Next> SmtpLogin::take_line(Bytes line) {
  // The line may hold a password.
  Secret held = Secret::take(std::move(line));
  if (exchange_) {
    Turn turn = co_await exchange_->respond(sasl::decode_response(held.reveal()));
    co_return take_turn(std::move(turn));
  }
  Verb verb = smtp::parse_verb(held.reveal());
  if (spoke_too_soon(verb)) co_return offence("pipelining", smtp::k_reply_early_talk);
  // Lines are longer here than a command may be, for the sake of AUTH.
  if (verb != Verb::auth &&
      held.reveal().size() + 2 > worker_.settings().limits.smtp_command_line) {
    co_return error(smtp::k_reply_line_too_long);
  }
  if (auto refused = refusal(verb)) co_return error(*refused);
  auto command = smtp::parse_command(held.reveal(), {.offered = offered_});
  held.wipe();
  if (!command) co_return error(smtp::reply_to(command.error()));
  if (auto* auth = std::get_if<smtp::Auth>(&*command)) {
    Next end = co_await authenticate(std::move(*auth));
    co_return end;
  }
  co_return obey(*command);
}

/// RFC 2920 section 3.1. Bytes behind STARTTLS would be an injection into the encrypted session
/// (V13). What stands behind AUTH is the next line of the exchange, or is for whoever serves the
/// account.
bool SmtpLogin::spoke_too_soon(Verb verb) const {
  bool changes_the_reading = verb == Verb::helo || verb == Verb::ehlo || verb == Verb::start_tls;
  return framer_.has_buffered() && (!offered_.pipelining || changes_the_reading);
}

std::optional<smtp::FixedReply> SmtpLogin::refusal(Verb verb) const {
  bool is_tls = connection_.facts.tls.has_value();
  bool may_ask = may_log_in(worker_, connection_.facts);
  smtp::SessionRules rules{.auth_required = true, .tls_required = !may_ask, .auth_after_tls = true};
  // Where a login in the clear is allowed, TLS may begin all the same.
  bool is_safe = verb == Verb::start_tls ? is_tls : may_ask;
  smtp::SessionFacts facts{.greeting = greeting_,
                           .channel = is_safe ? smtp::Channel::tls : smtp::Channel::clear};
  auto refused = smtp::refusal(verb, facts, rules, offered_);
  bool is_transaction = verb == Verb::mail || verb == Verb::rcpt || verb == Verb::data;
  // RFC 4954 section 6: 530 to what needs authentication, whatever else it would need.
  if (is_transaction && may_ask) return smtp::k_reply_auth_required;
  return refused;
}

SmtpLogin::Next SmtpLogin::obey(const smtp::Command& command) {
  if (const auto* hello = std::get_if<smtp::Hello>(&command)) return greet(*hello);
  if (std::holds_alternative<smtp::StartTls>(command)) {
    reply(smtp::k_reply_ready_for_tls);
    return role::BeginTls{};
  }
  if (std::holds_alternative<smtp::Quit>(command)) return goodbye(smtp::k_reply_closing);
  if (std::holds_alternative<smtp::Help>(command)) {
    reply(smtp::k_reply_help);
  } else if (std::holds_alternative<smtp::Noop>(command) ||
             std::holds_alternative<smtp::Rset>(command)) {
    reply(smtp::k_reply_ok);
  } else {
    // RFC 5321 section 7.3: VRFY tells nobody who has a mailbox (V33).
    return error(smtp::k_reply_not_implemented);
  }
  return std::nullopt;
}

SmtpLogin::Next SmtpLogin::greet(const smtp::Hello& hello) {
  hello_ = hello.name;
  const std::string& host = worker_.settings().server.hostname;
  if (hello.verb == Verb::helo) {
    greeting_ = smtp::Greeting::helo;
    offered_ = {};
    smtp::append_reply(smtp::Reply(250, {}, host), client_.out());
    typist_.replied();
    return std::nullopt;
  }
  greeting_ = smtp::Greeting::ehlo;
  offered_ = extensions();
  framer_.set_limits(smtp::k_sasl_limits);
  smtp::append_reply(smtp::hello_reply(host, offered_), client_.out());
  typist_.replied();
  return std::nullopt;
}

/// Those of the whole session: after AUTH a client need not ask again (RFC 4954 section 4), and the
/// role `submission` does what is announced here.
smtp::Extensions SmtpLogin::extensions() const {
  role::BeforeLogin before{.can_start_tls = may_begin_tls(worker_, connection_.facts)};
  if (may_log_in(worker_, connection_.facts)) {
    for (std::string_view name : sasl::mechanisms(sasl_context(worker_, connection_.facts))) {
      before.auth_mechanisms.emplace_back(name);
    }
  }
  return role::submission_offer(worker_.settings(), connection_.facts, std::move(before));
}

net::Task<SmtpLogin::Next> SmtpLogin::authenticate(smtp::Auth auth) {
  exchange_ = Exchange::make(attempts_, sasl_context(worker_, connection_.facts), auth.mechanism);
  if (!exchange_) co_return error(smtp::k_reply_unknown_mechanism);
  std::optional<Exchange::Message> initial;
  if (auth.initial_response) {
    initial = sasl::decode_initial_response(auth.initial_response->reveal());
  }
  Turn turn = co_await exchange_->begin(std::move(initial));
  co_return take_turn(std::move(turn));
}

SmtpLogin::Next SmtpLogin::take_turn(Turn turn) {
  if (auto* challenge = std::get_if<sasl::Challenge>(&turn)) {
    smtp::append_reply(smtp::auth_challenge(text::base64_encode(challenge->data)), client_.out());
    typist_.replied();
    return std::nullopt;
  }
  exchange_.reset();
  if (auto* failure = std::get_if<sasl::SaslError>(&turn)) {
    // RFC 4954 section 4: 501 to a cancelled exchange and to what does not decode.
    return error(*failure == sasl::SaslError::cancelled ? smtp::k_reply_auth_cancelled
                                                        : smtp::k_reply_auth_bad_base64);
  }
  return take_verdict(std::move(std::get<Verdict>(turn)));
}

SmtpLogin::Next SmtpLogin::take_verdict(Verdict verdict) {
  if (verdict.outcome == Outcome::unavailable) return error(smtp::k_reply_auth_unavailable);
  if (verdict.outcome == Outcome::wrong) {
    Next end = error(smtp::k_reply_auth_failed);
    if (!end && attempts_.is_spent()) {
      connection_.is_offence = true;
      end = goodbye(smtp::k_reply_too_many_errors);
    }
    return end;
  }
  BytesView unread = framer_.buffered();
  if (unread.size() > rpc::k_max_unread) return goodbye(smtp::k_reply_too_many_errors);
  return role::Move{.role = Role::submission,
                    .ticket = std::move(verdict.ticket),
                    .hello = hello_,
                    .unread = Bytes(unread)};
}

SmtpLogin::Next SmtpLogin::error(const smtp::FixedReply& refused) {
  reply(refused);
  if (++errors_ < worker_.settings().limits.errors_per_session) return std::nullopt;
  connection_.is_offence = true;
  return goodbye(smtp::k_reply_too_many_errors);
}

SmtpLogin::Next SmtpLogin::goodbye(const smtp::FixedReply& last) {
  reply(last);
  return Closed{};
}

SmtpLogin::Next SmtpLogin::offence(std::string_view what, const smtp::FixedReply& last) {
  note_offence(connection_, what);
  return goodbye(last);
}

}  // namespace

net::Task<SessionEnd> serve_smtp(role::Worker& worker, role::Connection& connection) {
  SmtpLogin session(worker, connection);
  SessionEnd end = co_await session.run();
  co_return end;
}

}  // namespace peregrine::login
