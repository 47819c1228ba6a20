// The beginning and the end of a session at core: ticket, lock, the list of messages; release.

#include <algorithm>

#include "api/client.h"
#include "base/log.h"
#include "pop3d/session.h"

namespace peregrine::pop3d {
namespace {

constexpr std::chrono::seconds k_core_time{10};
constexpr std::chrono::seconds k_open_time{60};
// One request stays well below the largest payload of a call.
constexpr std::size_t k_uids_a_request = 50'000;

}  // namespace

/// Answers the login command.
net::Task<Session::Next> Session::open() {
  Next next = co_await redeem();
  if (next != Next::go_on) co_return next;
  watch_.begin(session_.value);
  auto locked = co_await lock();
  if (!locked) {
    say(pop3::k_local_error);
    co_return Next::close;
  }
  if (!*locked) {
    // RFC 2449 section 8.1.2: another session has the maildrop.
    say(pop3::k_in_use);
    log_event(LogLevel::info, "pop3.in_use", {{"conn", log_id()}});
    co_return Next::close;
  }
  bool is_read = co_await read_maildrop();
  if (!is_read) {
    say(pop3::k_local_error);
    co_return Next::close;
  }
  Maildrop::Total total = maildrop_.total();
  log_event(LogLevel::debug, "pop3.opened",
            {{"conn", log_id()}, {"messages", total.count}, {"size", total.size}});
  say(pop3::k_logged_in);
  co_return Next::go_on;
}

net::Task<Session::Next> Session::redeem() {
  api::RedeemRequest request;
  request.set_connection(connection_.facts.id.value);
  request.set_service(static_cast<std::uint32_t>(connection_.facts.service));
  request.set_ticket(std::move(connection_.facts.ticket));
  auto answer = co_await api::redeem(worker_.core(), request, deadline_in(k_core_time));
  if (!answer) {
    log_event(LogLevel::warning, "pop3.not_redeemed",
              {{"conn", log_id()}, {"code", answer.error().code}});
    say(pop3::k_local_error);
    co_return Next::close;
  }
  session_ = SessionId(answer->session());
  co_return Next::go_on;
}

net::Task<std::optional<bool>> Session::lock() {
  api::LockInboxRequest request;
  request.set_session(session_.value);
  auto answer = co_await api::lock_inbox(worker_.core(), request, deadline_in(k_core_time));
  if (!answer) co_return std::optional<bool>();
  co_return std::optional<bool>(answer->locked());
}

/// RFC 1939 section 4: numbers and sizes are settled at login.
net::Task<bool> Session::read_maildrop() {
  std::vector<Uid> uids;
  api::OpenMailboxRequest request;
  request.set_session(session_.value);
  request.set_name("INBOX");
  auto items = api::open_mailbox(worker_.core(), request);
  Deadline deadline = deadline_in(k_open_time);
  while (true) {
    auto item = co_await items.next(deadline);
    if (!item) co_return false;
    if (!*item) break;
    const api::OpenMailboxItem& part = **item;
    if (part.has_mailbox()) {
      mailbox_ = MailboxId(part.mailbox().mailbox());
      maildrop_ = Maildrop(UidValidity(part.mailbox().uid_validity()));
    }
    for (std::uint32_t uid : part.entries().uid()) uids.emplace_back(uid);
  }
  for (std::size_t at = 0; at < uids.size(); at += k_uids_a_request) {
    std::size_t count = std::min(k_uids_a_request, uids.size() - at);
    bool is_read = co_await read_sizes(std::span(uids).subspan(at, count), deadline);
    if (!is_read) co_return false;
  }
  co_return true;
}

/// `uids` is the caller's, who waits.
net::Task<bool> Session::read_sizes(std::span<const Uid> uids, Deadline deadline) {
  api::FetchRequest request;
  request.set_session(session_.value);
  request.set_mailbox(mailbox_.value);
  request.set_parts(api::FETCH_DATES);
  for (Uid uid : uids) request.add_uids(uid.value);
  auto items = api::fetch(worker_.core(), request);
  while (true) {
    auto item = co_await items.next(deadline);
    if (!item) co_return false;
    if (!*item) co_return true;
    for (const api::FetchedMessage& message : (*item)->messages()) {
      // Gone since the list was made: it never was in this session's maildrop.
      if (!message.missing()) maildrop_.add(Uid(message.uid()), message.size());
    }
  }
}

net::Task<void> Session::release() {
  if (session_.is_none()) co_return;
  co_await watch_.end();
  api::ReleaseRequest request;
  request.set_session(session_.value);
  auto answer = co_await api::release(worker_.core(), request, deadline_in(k_core_time));
  // A core that is away has released it already.
  static_cast<void>(answer);
}

}  // namespace peregrine::pop3d
