#include "pop3d/session.h"

#include "base/log.h"
#include "proto/pop3/framer.h"
#include "proto/pop3/grammar.h"

namespace peregrine::pop3d {

Session::Session(role::Worker& worker, role::Connection& connection)
    : worker_(worker),
      connection_(connection),
      client_(worker, connection),
      framer_(pop3::k_command_limits),
      watch_(worker, client_) {}

net::Task<role::SessionEnd> Session::run() {
  Next next = co_await open();
  while (next == Next::go_on) {
    LineEvent event = framer_.next();
    if (event == LineEvent::need_more) {
      next = co_await more_input();
    } else if (event == LineEvent::line) {
      next = co_await handle_line();
    } else {
      next = refuse_event(event);
    }
    if (!client_.is_full() || next != Next::go_on) continue;
    bool is_sent = co_await client_.flush();
    if (!is_sent) next = Next::gone;
  }
  // The lock is given back first: a client that has read the goodbye may log in again at once.
  co_await release();
  if (next == Next::close) static_cast<void>(co_await client_.flush());
  log_event(LogLevel::debug, "pop3.session_ended",
            {{"conn", log_id()}, {"retrieved", retrieved_}, {"errors", errors_}});
  co_return role::Closed{};
}

/// Sends what was said, then waits for the client.
net::Task<Session::Next> Session::more_input() {
  if (watch_.is_revoked()) {
    say(pop3::k_session_revoked);
    co_return Next::close;
  }
  Deadline deadline = deadline_in(worker_.settings().limits.pop3_idle);
  role::Client::Input input = co_await client_.receive(deadline);
  switch (input) {
    case role::Client::Input::data:
      framer_.feed(client_.received());
      co_return Next::go_on;
    case role::Client::Input::interrupted:
      say(pop3::k_session_revoked);
      co_return Next::close;
    case role::Client::Input::stopping:
      say(pop3::k_shutting_down);
      co_return Next::close;
    default:
      // RFC 1939 section 3: the autologout closes without a response, and deletes nothing.
      co_return Next::gone;
  }
}

net::Task<Session::Next> Session::handle_line() {
  Next next = Next::go_on;
  auto command = judge_line(next);
  if (!command) co_return next;
  if (const auto* retr = std::get_if<pop3::Retr>(&*command)) {
    next = co_await send_message(retr->message, std::nullopt);
  } else if (const auto* top = std::get_if<pop3::Top>(&*command)) {
    next = co_await send_message(top->message, top->lines);
  } else if (std::holds_alternative<pop3::Quit>(*command)) {
    next = co_await quit();
  } else {
    next = obey(*command);
  }
  co_return next;
}

/// The command of the framer's line when it may be obeyed; otherwise it has been answered.
std::optional<pop3::Command> Session::judge_line(Next& next) {
  BytesView line = framer_.line();
  pop3::Verb verb = pop3::parse_verb(line);
  auto channel = connection_.facts.tls ? pop3::Channel::tls : pop3::Channel::clear;
  auto refused = is_disabled(verb) ? std::optional(pop3::k_unknown_command)
                                   : pop3::refusal(verb, pop3::State::transaction, channel);
  if (refused) {
    next = refuse(*refused);
    return std::nullopt;
  }
  auto command = pop3::parse_command(line);
  if (command) return std::move(*command);
  next = refuse(pop3::response_to(command.error()));
  return std::nullopt;
}

bool Session::is_disabled(pop3::Verb verb) const {
  const auto& disabled = worker_.settings().pop3.disabled_extensions;
  return (verb == pop3::Verb::top && config::has_word(disabled, "TOP")) ||
         (verb == pop3::Verb::uidl && config::has_word(disabled, "UIDL"));
}

Session::Next Session::obey(const pop3::Command& command) {
  if (std::holds_alternative<pop3::Stat>(command)) {
    Maildrop::Total total = maildrop_.total();
    pop3::append_ok(std::to_string(total.count) + ' ' + std::to_string(total.size), client_.out());
  } else if (const auto* listing = std::get_if<pop3::List>(&command)) {
    if (listing->message && maildrop_.find(*listing->message) == nullptr) {
      return refuse_number();
    }
    list(*listing);
  } else if (const auto* uidl = std::get_if<pop3::Uidl>(&command)) {
    if (uidl->message && maildrop_.find(*uidl->message) == nullptr) return refuse_number();
    list_ids(*uidl);
  } else if (const auto* dele = std::get_if<pop3::Dele>(&command)) {
    if (!maildrop_.mark_deleted(dele->message)) return refuse_number();
    say(pop3::k_deleted);
  } else if (std::holds_alternative<pop3::Rset>(command)) {
    maildrop_.reset();
    say(pop3::k_ok);
  } else if (std::holds_alternative<pop3::Noop>(command)) {
    say(pop3::k_ok);
  } else if (std::holds_alternative<pop3::Capa>(command)) {
    capabilities();
  } else {
    return refuse(pop3::k_wrong_state);
  }
  return Next::go_on;
}

void Session::list(const pop3::List& list) {
  auto scan = [](std::uint32_t number, const Maildrop::Message& message) {
    return std::to_string(number) + ' ' + std::to_string(message.size);
  };
  if (list.message) {
    pop3::append_ok(scan(*list.message, *maildrop_.find(*list.message)), client_.out());
    return;
  }
  say(pop3::k_list_follows);
  maildrop_.for_each([&](std::uint32_t number, const Maildrop::Message& message) {
    pop3::append_item(scan(number, message), client_.out());
  });
  pop3::append_end(client_.out());
}

void Session::list_ids(const pop3::Uidl& uidl) {
  auto line = [this](std::uint32_t number, const Maildrop::Message& message) {
    return std::to_string(number) + ' ' + maildrop_.unique_id(message);
  };
  if (uidl.message) {
    pop3::append_ok(line(*uidl.message, *maildrop_.find(*uidl.message)), client_.out());
    return;
  }
  say(pop3::k_list_follows);
  maildrop_.for_each([&](std::uint32_t number, const Maildrop::Message& message) {
    pop3::append_item(line(number, message), client_.out());
  });
  pop3::append_end(client_.out());
}

/// RFC 2449 section 6: USER, SASL and STLS are listed alike in both states; that this client has
/// logged in shows that it could.
void Session::capabilities() {
  const config::Settings& settings = worker_.settings();
  auto enabled = [&](std::string_view name) {
    return !config::has_word(settings.pop3.disabled_extensions, name);
  };
  pop3::append_capabilities({.top = enabled("TOP"),
                             .uidl = enabled("UIDL"),
                             .pipelining = enabled("PIPELINING"),
                             .user = true,
                             .stls = !connection_.facts.tls && !settings.tls.certificates.empty(),
                             .sasl_mechanisms = {"PLAIN"}},
                            client_.out());
}

Session::Next Session::refuse(const pop3::FixedResponse& response) {
  say(response);
  if (++errors_ < worker_.settings().limits.errors_per_session) return Next::go_on;
  say(pop3::k_too_many_errors);
  connection_.is_offence = true;
  log_event(LogLevel::info, "pop3.offence",
            {{"conn", log_id()}, {"peer", connection_.facts.peer}, {"reason", "too many errors"}});
  return Next::close;
}

/// A number without a message is an answer, not a breach of the protocol: RFC 1939 section 8 has
/// clients ask for what another has deleted.
Session::Next Session::refuse_number() {
  say(pop3::k_no_such_message);
  return Next::go_on;
}

Session::Next Session::refuse_event(LineEvent event) {
  if (!is_fatal(event)) return refuse(pop3::k_line_too_long);
  // An endless line was answered when it became too long.
  if (event != LineEvent::endless) say(pop3::k_bad_line_end);
  connection_.is_offence = true;
  log_event(LogLevel::info, "pop3.offence",
            {{"conn", log_id()}, {"peer", connection_.facts.peer}, {"reason", "bad line"}});
  return Next::close;
}

}  // namespace peregrine::pop3d
