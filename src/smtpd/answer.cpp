// The reply to a message, as core decided it for each recipient.

#include "base/log.h"
#include "proto/smtp/replies.h"
#include "smtpd/envelope.h"
#include "smtpd/session.h"
#include "smtpd/verdict.h"

namespace peregrine::smtpd {
namespace {

api::DeliverOutcome outcome_of(const api::DeliverResponse& response, std::size_t i) {
  bool is_there = i < static_cast<std::size_t>(response.outcomes_size());
  return is_there ? response.outcomes(static_cast<int>(i)) : api::DELIVER_FAILED;
}

smtp::Reply accepted_as(std::uint64_t trace) {
  return {250, {2, 6, 0}, "Message accepted as <" + trace_text(trace) + ">"};
}

}  // namespace

Session::Next Session::answer_message(const Transaction& transaction, std::uint64_t trace,
                                      std::uint64_t size, const api::DeliverResponse& response) {
  std::size_t count = transaction.recipients.size();
  std::size_t delivered = 0;
  std::optional<api::DeliverOutcome> failure;
  for (std::size_t i = 0; i < count; ++i) {
    if (outcome_of(response, i) == api::DELIVER_OK) {
      ++delivered;
    } else if (!failure) {
      failure = outcome_of(response, i);
    }
  }
  // PRDR answers for each of several recipients, as LMTP does; one has the message's own answer.
  bool each = is_lmtp() || (transaction.mail.per_recipient_replies && count > 1);
  if (each && !is_lmtp()) reply(smtp::k_reply_per_recipient);
  if (each) answer_each(transaction, trace, response);
  if (delivered == 0) {
    const smtp::FixedReply& failed = reply_to(failure.value_or(api::DELIVER_FAILED));
    // With LMTP each recipient has had its answer.
    if (!is_lmtp()) return refuse_message(transaction, trace, failed, failed.text);
  } else {
    ++messages_;
    productive_ = Monotonic::now();
  }
  log_event(delivered == count ? LogLevel::info : LogLevel::warning,
            delivered == 0 ? "smtp.refused" : "smtp.accepted",
            {{"conn", log_id()},
             {"msg", HexId{trace}},
             {"from", sender_text(transaction.mail)},
             {"size", size},
             {"recipients", delivered},
             {"failed", count - delivered}});
  // SMTP has one reply for all. When some recipients have the message and others turned out to be
  // gone or full since their RCPT, an error would make the client send it to all again and those
  // who have it get it twice; the log above says who has not, at warning.
  if (!is_lmtp()) reply(accepted_as(trace));
  return Next::go_on;
}

/// RFC 2033 section 4.2: one reply for each RCPT that succeeded, in their order.
void Session::answer_each(const Transaction& transaction, std::uint64_t trace,
                          const api::DeliverResponse& response) {
  for (std::size_t i = 0; i < transaction.recipients.size(); ++i) {
    api::DeliverOutcome outcome = outcome_of(response, i);
    reply(outcome == api::DELIVER_OK ? accepted_as(trace) : smtp::Reply(reply_to(outcome)));
  }
}

}  // namespace peregrine::smtpd
