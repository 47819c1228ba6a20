// RCPT: what core says of a recipient, and what guessing costs.

#include "api/client.h"
#include "base/log.h"
#include "proto/smtp/replies.h"
#include "smtpd/session.h"
#include "smtpd/verdict.h"

namespace peregrine::smtpd {
namespace {

constexpr std::chrono::seconds k_core_time{10};

// V33: the truth about recipients is told, since mail for none of them must not be taken; but a
// client that only guesses is made to wait, and then is shown out. Programs on this machine have a
// longer list of former users and no need to guess.
constexpr std::uint32_t k_refused_before_pause = 3;
constexpr std::uint32_t k_most_refused = 10;
constexpr std::uint32_t k_most_refused_loopback = 20;
constexpr std::chrono::seconds k_pause{1};

}  // namespace

net::Task<Session::Next> Session::recipient(smtp::RcptTo rcpt) {
  const Transaction* transaction = dialogue_.transaction();
  if (transaction->recipients.size() >= worker_.settings().limits.recipients) {
    // RFC 5321 section 4.5.3.1.10: 452, and the recipients accepted so far stay.
    reply(smtp::k_reply_too_many_recipients);
    co_return Next::go_on;
  }
  bool is_over = left_.recipients_left() <= transaction->recipients.size() ||
                 left_.unknown_recipients_left() == 0;
  if (!is_trusted_ && is_over) {
    // The same for recipients that exist and that do not: nothing more is learned here (V33).
    reply(smtp::k_reply_recipient_budget);
    co_return Next::go_on;
  }
  // RFC 5321 section 4.5.1: "<Postmaster>" has no domain; core knows whose it is.
  std::string address = rcpt.recipient ? rcpt.recipient->to_string() : "postmaster";
  api::CheckRecipientRequest request;
  request.set_address(address);
  request.set_size(transaction->mail.size.value_or(0));
  auto answer = co_await api::check_recipient(worker_.core(), request, deadline_in(k_core_time));
  if (!answer) {
    reply(reply_to(answer.error()));
    co_return Next::go_on;
  }
  api::RecipientVerdict verdict = answer->verdict();
  // RFC 6409 section 3: an account that has logged in may write to anybody.
  bool is_elsewhere = verdict == api::RECIPIENT_NOT_LOCAL;
  if (is_submission() && is_elsewhere && worker_.settings().outbound.enabled) {
    verdict = api::RECIPIENT_LOCAL;
  }
  if (!is_trusted_ && is_refused_for_good(verdict)) {
    api::ChargeRequest used;
    used.set_unknown_recipients(1);
    static_cast<void>(co_await charge(std::move(used)));
  }
  bool is_slowed =
      is_refused_for_good(verdict) && !is_trusted_ && refused_recipients_ >= k_refused_before_pause;
  if (is_slowed) co_await net::sleep_until(worker_.loop(), deadline_in(k_pause));
  if (verdict == api::RECIPIENT_LOCAL && check_.is_active()) {
    const std::optional<Address>& sender = transaction->mail.sender;
    std::string sender_domain = sender ? sender->domain() : std::string();
    auto refused = co_await judge_client(sender_domain, address);
    if (refused) co_return refuse_client(address, *refused);
  }
  AcceptedRecipient accepted{std::move(address), rcpt.notify, std::move(rcpt.original_recipient),
                             answer->leaves()};
  co_return answer_recipient(std::move(accepted), verdict);
}

Session::Next Session::answer_recipient(AcceptedRecipient recipient,
                                        api::RecipientVerdict verdict) {
  const smtp::FixedReply& answer = reply_to(verdict);
  reply(answer);
  if (verdict == api::RECIPIENT_LOCAL) {
    dialogue_.add(std::move(recipient));
    return Next::go_on;
  }
  log_event(LogLevel::info, "smtp.recipient_refused",
            {{"conn", log_id()},
             {"peer", connection_.facts.peer},
             {"recipient", recipient.address},
             {"code", answer.code},
             {"reason", answer.text}});
  // The client of LMTP is a mail server that we trust to have a queue.
  if (!is_refused_for_good(verdict) || is_lmtp()) return Next::go_on;
  bool is_local = connection_.facts.is_loopback;
  std::uint32_t most = is_local ? k_most_refused_loopback : k_most_refused;
  if (++refused_recipients_ < most) return Next::go_on;
  return refuse_for_good(smtp::k_reply_too_many_errors, "too many unknown recipients");
}

}  // namespace peregrine::smtpd
