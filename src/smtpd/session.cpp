#include "smtpd/session.h"

#include <algorithm>

#include "base/foreign_protocol.h"
#include "base/log.h"
#include "proto/smtp/framer.h"
#include "proto/smtp/grammar.h"
#include "proto/smtp/replies.h"
#include "role/submission_offer.h"

namespace peregrine::smtpd {
namespace {

/// Commands that change how the following bytes are to be read. RFC 2920 section 3.1 ends a group
/// at some others too (NOOP, VRFY, QUIT); what stands behind those means the same in any case.
bool changes_the_reading(smtp::Verb verb) {
  switch (verb) {
    case smtp::Verb::helo:
    case smtp::Verb::ehlo:
    case smtp::Verb::lhlo:
    case smtp::Verb::data:
    case smtp::Verb::start_tls:
    case smtp::Verb::auth:
      return true;
    default:
      return false;
  }
}

constexpr std::uint32_t k_errors_before_pause = 3;
constexpr std::chrono::seconds k_longest_pause{10};

std::string_view reason_of(LineEvent event) {
  switch (event) {
    case LineEvent::bare_cr:
      return "bare CR";
    case LineEvent::bare_lf:
      return "bare LF";
    case LineEvent::nul:
      return "NUL";
    default:
      return "endless line";
  }
}

}  // namespace

Session::Session(role::Worker& worker, role::Connection& connection)
    : worker_(worker),
      connection_(connection),
      client_(worker, connection),
      framer_(smtp::k_basic_limits),
      dialogue_({.lmtp = is_lmtp(), .auth_required = is_submission()},
                connection.facts.tls ? smtp::Channel::tls : smtp::Channel::clear),
      watch_(worker, client_),
      check_(worker, connection.facts),
      is_trusted_(connection.facts.is_loopback || is_lmtp() || is_submission() ||
                  config::contains(worker.settings().smtp.trusted_networks, connection.facts.peer)),
      started_(Monotonic::now()),
      productive_(started_),
      typist_(worker, connection.facts,
              is_trusted_ ? role::Watched::no : role::Watched::as_stranger) {}

net::Task<role::SessionEnd> Session::run() {
  Next next = Next::go_on;
  if (is_submission()) {
    bool is_open = co_await open_account();
    if (!is_open) next = Next::close;
  }
  while (next == Next::go_on) {
    if (watch_.is_revoked()) {
      next = say_goodbye(role::Client::Input::interrupted);
      break;
    }
    LineEvent event = framer_.next();
    if (event == LineEvent::need_more) {
      next = co_await more_input();
    } else if (event == LineEvent::line) {
      next = co_await handle_line();
    } else {
      next = refuse_event(event);
    }
    std::chrono::milliseconds pause = std::max(std::exchange(pause_, {}), typist_.take_pause());
    if (pause.count() > 0) co_await net::sleep_until(worker_.loop(), deadline_in(pause));
    if (!client_.is_full()) continue;
    bool is_sent = co_await client_.flush();
    if (!is_sent) next = Next::gone;
  }
  if (next != Next::gone) {
    bool is_sent = co_await client_.flush();
    if (!is_sent) next = Next::gone;
  }
  log_event(LogLevel::debug, "smtp.session_ended",
            {{"conn", log_id()},
             {"messages", messages_},
             {"errors", errors_},
             {"tls_follows", next == Next::begin_tls}});
  if (account_session_ != 0) co_await close_account();
  if (next == Next::begin_tls) co_return role::BeginTls{};
  co_return role::Closed{};
}

/// Sends what was said, then waits for the client.
net::Task<Session::Next> Session::more_input() {
  role::Client::Input input = co_await receive_input(command_deadline());
  if (input != role::Client::Input::data) co_return say_goodbye(input);
  if (command_deadline() <= Monotonic::now()) {
    // It speaks, and that is all it does (V42).
    reply(smtp::k_reply_too_slow);
    co_return Next::close;
  }
  // Before a byte of it is taken for a command (V15).
  if (!std::exchange(has_spoken_, true) &&
      detect_foreign_protocol(client_.received()) != ForeignProtocol::none) {
    co_return refuse_for_good(smtp::k_reply_foreign_protocol, "foreign protocol");
  }
  co_return take_input();
}

Session::Next Session::take_input() {
  framer_.feed(typist_.receive(client_.received(), framer_.has_buffered()));
  if (!typist_.has_to_go()) return Next::go_on;
  reply(smtp::k_reply_no_interactive);
  return Next::close;
}

void Session::reply(const smtp::Reply& reply) {
  smtp::append_reply(reply, client_.out());
  typist_.replied(client_.out());
}

/// RFC 5321 section 4.5.3.2.7 asks for five minutes between commands. A stranger has less for its
/// EHLO, which nothing keeps it from sending, and has to hand over a message now and then (V42).
Deadline Session::command_deadline() const {
  const config::LimitSettings& limits = worker_.settings().limits;
  Deadline idle = deadline_in(limits.smtp_idle);
  if (is_trusted_) return idle;
  Deadline stage = productive_ + limits.smtp_unproductive;
  if (dialogue_.facts().greeting == smtp::Greeting::none) {
    stage = std::min(stage, started_ + limits.smtp_hello);
  }
  return std::min(idle, stage);
}

Session::Next Session::say_goodbye(role::Client::Input why) {
  switch (why) {
    case role::Client::Input::timed_out:
      reply(smtp::k_reply_timeout);
      return Next::close;
    case role::Client::Input::stopping:
      // RFC 5321 section 3.8: 421 before a shutdown.
      reply(smtp::k_reply_shutting_down);
      return Next::close;
    case role::Client::Input::interrupted:
      // RFC 5321 section 3.8: 421 from a server that has to close.
      log_event(LogLevel::info, "submission.revoked", {{"conn", log_id()}, {"account", account_}});
      reply(smtp::k_reply_session_revoked);
      return Next::close;
    default:
      return Next::gone;
  }
}

net::Task<role::Client::Input> Session::receive_input(Deadline deadline) {
  // It may have been revoked while a command was obeyed.
  if (watch_.is_revoked()) co_return role::Client::Input::interrupted;
  role::Client::Input input = co_await client_.receive(deadline);
  co_return input;
}

net::Task<Session::Next> Session::handle_line() {
  Next next = Next::go_on;
  if (offered_.chunking && smtp::parse_verb(framer_.line()) == smtp::Verb::bdat) {
    next = co_await bdat();
    co_return next;
  }
  auto command = judge_line(next);
  if (!command) co_return next;
  if (auto* from = std::get_if<smtp::MailFrom>(&*command)) {
    next = co_await mail(std::move(*from));
  } else if (auto* rcpt = std::get_if<smtp::RcptTo>(&*command)) {
    next = co_await recipient(std::move(*rcpt));
  } else if (std::holds_alternative<smtp::Data>(*command)) {
    next = co_await data();
  } else {
    next = obey(*command);
  }
  co_return next;
}

/// The command of the framer's line when it may be obeyed; otherwise it has been answered.
std::optional<smtp::Command> Session::judge_line(Next& next) {
  BytesView line = framer_.line();
  smtp::Verb verb = smtp::parse_verb(line);
  if (spoke_too_soon(verb)) {
    next = refuse_for_good(smtp::k_reply_early_talk, "pipelining out of turn");
    return std::nullopt;
  }
  if (auto refused = dialogue_.refusal(verb, offered_)) {
    next = refuse(*refused);
    return std::nullopt;
  }
  const Transaction* transaction = dialogue_.transaction();
  auto utf8 = transaction != nullptr ? transaction->mail.smtp_utf8 : AllowUtf8::no;
  // RFC 1870 section 4: before EHLO, and after HELO, no parameter exists.
  auto command = smtp::parse_command(line, {.offered = offered_, .recipient_utf8 = utf8});
  if (command) return std::move(*command);
  next = refuse(smtp::reply_to(command.error()));
  return std::nullopt;
}

/// RFC 2920 section 3.1. Bytes behind STARTTLS would be an injection into the encrypted session
/// (V13), bytes behind DATA were sent before anybody asked for them (V15).
bool Session::spoke_too_soon(smtp::Verb verb) const {
  return framer_.has_buffered() && (!offered_.pipelining || changes_the_reading(verb));
}

Session::Next Session::obey(const smtp::Command& command) {
  if (const auto* greeting = std::get_if<smtp::Hello>(&command)) return hello(*greeting);
  if (std::holds_alternative<smtp::Rset>(command)) {
    dialogue_.reset();
    reply(smtp::k_reply_ok);
  } else if (std::holds_alternative<smtp::Noop>(command)) {
    reply(smtp::k_reply_ok);
  } else if (std::holds_alternative<smtp::Help>(command)) {
    reply(smtp::k_reply_help);
  } else if (std::holds_alternative<smtp::Quit>(command)) {
    reply(smtp::k_reply_closing);
    return Next::close;
  } else if (std::holds_alternative<smtp::StartTls>(command)) {
    reply(smtp::k_reply_ready_for_tls);
    return Next::begin_tls;
  } else {
    // RFC 5321 section 7.3: VRFY tells nobody who has a mailbox (V33).
    return refuse(smtp::k_reply_not_implemented);
  }
  return Next::go_on;
}

Session::Next Session::hello(const smtp::Hello& hello) {
  dialogue_.greet(hello.verb);
  helo_ = hello.name;
  check_.hello(hello.name);
  const std::string& host = worker_.settings().server.hostname;
  if (hello.verb == smtp::Verb::helo) {
    // RFC 5321 section 4.1.1.1: the answer to HELO is one line, and nothing is offered.
    offered_ = {};
    reply(smtp::Reply(250, {}, host));
    return Next::go_on;
  }
  offered_ = extensions();
  framer_.set_limits({.max_line = worker_.settings().limits.smtp_command_line,
                      .max_overlong = smtp::k_extended_limits.max_overlong});
  reply(smtp::hello_reply(host, offered_));
  return Next::go_on;
}

smtp::Extensions Session::extensions() const {
  const config::Settings& settings = worker_.settings();
  if (is_submission()) return role::submission_offer(settings, connection_.facts, {});
  return smtp::make_offer({.disabled = settings.smtp.disabled_extensions,
                           .is_lmtp = is_lmtp(),
                           .is_encrypted = connection_.facts.tls.has_value(),
                           .can_start_tls = connection_.facts.service == Service::smtp &&
                                            !settings.tls.certificates.empty(),
                           .max_size = settings.limits.message_size,
                           .limits = {.messages = settings.limits.messages_per_session,
                                      .recipients = settings.limits.recipients},
                           .now = {},
                           .auth_mechanisms = {}});
}

/// A command that was wrong: the client may go on, but not for ever (RFC 5321 section 7.8).
Session::Next Session::refuse(const smtp::FixedReply& refused) {
  reply(refused);
  return count_error();
}

Session::Next Session::count_error() {
  const config::LimitSettings& limits = worker_.settings().limits;
  if (++errors_ >= limits.errors_per_session) {
    return refuse_for_good(smtp::k_reply_too_many_errors, "too many errors");
  }
  if (!is_trusted_ && errors_ > k_errors_before_pause) {
    pause_ = std::min<std::chrono::milliseconds>(
        limits.error_pause * (errors_ - k_errors_before_pause), k_longest_pause);
  }
  return Next::go_on;
}

Session::Next Session::refuse_for_good(const smtp::FixedReply& last, std::string_view reason) {
  reply(last);
  return close_on_offence(reason);
}

Session::Next Session::close_on_offence(std::string_view reason) {
  connection_.is_offence = true;
  log_event(LogLevel::info, "smtp.offence",
            {{"conn", log_id()}, {"peer", connection_.facts.peer}, {"reason", reason}});
  return Next::close;
}

Session::Next Session::refuse_event(LineEvent event) {
  if (!is_fatal(event)) return refuse(smtp::k_reply_line_too_long);
  // It was answered when it became too long.
  if (event == LineEvent::endless) return close_on_offence(reason_of(event));
  return refuse_for_good(smtp::k_reply_bare_line_end, reason_of(event));
}

}  // namespace peregrine::smtpd
