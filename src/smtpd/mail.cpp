// MAIL: the start of a transaction.

#include "api/client.h"
#include "base/log.h"
#include "proto/smtp/replies.h"
#include "smtpd/envelope.h"
#include "smtpd/session.h"

namespace peregrine::smtpd {
namespace {

constexpr std::chrono::seconds k_core_time{10};

}  // namespace

net::Task<Session::Next> Session::mail(smtp::MailFrom mail) {
  // RFC 9422 section 4.1: what was announced as MAILMAX.
  if (++transactions_ > worker_.settings().limits.messages_per_session) {
    reply(smtp::k_reply_session_full);
    co_return Next::close;
  }
  std::uint64_t announced = mail.size.value_or(0);
  if (!is_trusted_) {
    api::ChargeRequest used;
    used.set_messages(1);
    bool is_within = co_await charge(std::move(used));
    if (!is_within || left_.bytes_left() <= announced) {
      log_event(LogLevel::info, "smtp.over_budget",
                {{"conn", log_id()}, {"peer", connection_.facts.peer}});
      reply(smtp::k_reply_rate_limited);
      co_return Next::go_on;
    }
  }
  if (is_submission()) {
    auto refused = co_await check_sender(sender_text(mail));
    if (refused) co_return refuse(*refused);
  }
  // RFC 6710 section 5: nobody here is trusted with a priority above the usual.
  bool is_lowered = mail.priority.value_or(0) > 0;
  if (is_lowered) mail.priority = 0;
  dialogue_.begin(std::move(mail));
  reply(is_lowered ? smtp::k_reply_priority_lowered : smtp::k_reply_sender_ok);
  co_return Next::go_on;
}

net::Task<bool> Session::charge(api::ChargeRequest used) {
  used.set_peer(connection_.facts.peer);
  auto answer = co_await api::charge(worker_.core(), used, deadline_in(k_core_time));
  if (answer) {
    left_ = std::move(*answer);
    co_return !left_.is_over();
  }
  // Without core nothing is accepted in any case, and what it says then is more to the point.
  left_.set_recipients_left(UINT64_MAX);
  left_.set_unknown_recipients_left(UINT64_MAX);
  left_.set_bytes_left(UINT64_MAX);
  co_return true;
}

}  // namespace peregrine::smtpd
