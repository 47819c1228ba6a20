// MAIL: the start of a transaction.

#include "proto/smtp/replies.h"
#include "smtpd/session.h"

namespace peregrine::smtpd {

net::Task<Session::Next> Session::mail(smtp::MailFrom mail) {
  // RFC 9422 section 4.1: what was announced as MAILMAX.
  if (++transactions_ > worker_.settings().limits.messages_per_session) {
    reply(smtp::k_reply_session_full);
    co_return Next::close;
  }
  // RFC 6710 section 5: nobody here is trusted with a priority above the usual.
  bool is_lowered = mail.priority.value_or(0) > 0;
  if (is_lowered) mail.priority = 0;
  dialogue_.begin(std::move(mail));
  reply(is_lowered ? smtp::k_reply_priority_lowered : smtp::k_reply_sender_ok);
  co_return Next::go_on;
}

}  // namespace peregrine::smtpd
