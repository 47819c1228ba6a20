// Submission (RFC 6409): what is different for an account that has logged in.

#include "api/client.h"
#include "base/log.h"
#include "proto/smtp/framer.h"
#include "proto/smtp/replies.h"
#include "smtpd/envelope.h"
#include "smtpd/session.h"
#include "smtpd/submitted_header.h"
#include "smtpd/verdict.h"

namespace peregrine::smtpd {
namespace {

constexpr std::chrono::seconds k_core_time{10};
constexpr std::chrono::seconds k_submit_time{60};
/// Addresses in From that core is asked about.
constexpr std::size_t k_most_authors = 10;

constexpr smtp::FixedReply k_reply_too_many_authors{550, {5, 6, 0}, "From has too many addresses"};
constexpr smtp::FixedReply k_reply_several_from{550, {5, 6, 0}, "Message has several From fields"};

}  // namespace

/// Turns the ticket into a session, and answers AUTH with it (RFC 4954 section 4). False: it was
/// refused.
net::Task<bool> Session::open_account() {
  api::RedeemRequest request;
  request.set_connection(connection_.facts.id.value);
  request.set_service(static_cast<std::uint32_t>(connection_.facts.service));
  request.set_ticket(connection_.facts.ticket);
  auto answer = co_await api::redeem(worker_.core(), request, deadline_in(k_core_time));
  Bytes().swap(connection_.facts.ticket);
  if (!answer) {
    log_event(LogLevel::warning, "submission.not_opened", {{"conn", log_id()}});
    reply(smtp::k_reply_auth_unavailable);
    co_return false;
  }
  account_session_ = answer->session();
  account_ = answer->address();
  watch_.begin(account_session_);
  // The name and the extensions that login heard and offered hold on: no second EHLO is needed.
  dialogue_.greet(smtp::Verb::ehlo);
  dialogue_.authenticated();
  helo_ = std::move(connection_.facts.hello);
  offered_ = extensions();
  framer_.set_limits({.max_line = worker_.settings().limits.smtp_command_line,
                      .max_overlong = smtp::k_extended_limits.max_overlong});
  has_spoken_ = true;
  reply(smtp::k_reply_authenticated);
  log_event(LogLevel::info, "submission.opened", {{"conn", log_id()}, {"account", account_}});
  co_return true;
}

net::Task<void> Session::close_account() {
  co_await watch_.end();
  api::ReleaseRequest request;
  request.set_session(account_session_);
  auto released = co_await api::release(worker_.core(), request, deadline_in(k_core_time));
  if (!released) log_event(LogLevel::debug, "submission.not_released", {{"conn", log_id()}});
}

/// Nothing when the account may send as this address; empty for the null reverse-path.
net::Task<std::optional<smtp::FixedReply>> Session::check_sender(std::string address) {
  api::CheckSenderRequest request;
  request.set_session(account_session_);
  request.set_mail_from(address);
  auto answer = co_await api::check_sender(worker_.core(), request, deadline_in(k_core_time));
  if (!answer) co_return reply_to(answer.error());
  if (answer->outcome() == api::SUBMIT_OK) co_return std::nullopt;
  log_event(LogLevel::info, "submission.sender_refused",
            {{"conn", log_id()}, {"account", account_}, {"sender", address}});
  co_return reply_to(answer->outcome());
}

/// RFC 6409 section 6.1: the rights of the account hold for what readers see, too.
net::Task<std::optional<smtp::FixedReply>> Session::check_from(const MessageSummary& summary) {
  const std::vector<EnvelopeAddress>& authors = summary.envelope.from;
  if (authors.size() > k_most_authors) co_return k_reply_too_many_authors;
  for (const EnvelopeAddress& author : authors) {
    if (!author.mailbox || !author.host) continue;  // the name of a group
    auto refused = co_await check_sender(*author.mailbox + "@" + *author.host);
    if (refused) co_return refused;
  }
  co_return std::nullopt;
}

/// Completes the header. The reply when the message cannot be taken.
std::optional<smtp::FixedReply> Session::complete(Incoming& incoming) const {
  auto done = complete_header(incoming.message, incoming.trace_size,
                              {.address = account_,
                               .hostname = worker_.settings().server.hostname,
                               .trace = incoming.trace,
                               .time = wall_now()});
  if (done) return std::nullopt;
  return done.error() == HeaderFault::several_from ? k_reply_several_from : smtp::k_reply_too_big;
}

net::Task<Session::Next> Session::submit(Transaction transaction, Incoming incoming,
                                         MessageSummary summary) {
  std::uint64_t trace = incoming.trace;
  if (worker_.settings().submission.check_from) {
    auto refused = co_await check_from(summary);
    if (refused) co_return refuse_message(transaction, trace, *refused, refused->text);
  }
  api::SubmitRequest request;
  request.set_session(account_session_);
  auto memory_file = fill_request(request, transaction, incoming, summary);
  if (!memory_file) {
    std::string why = sys::describe(memory_file.error());
    co_return refuse_message(transaction, trace, smtp::k_reply_local_error, why);
  }
  auto answer = co_await api::submit(worker_.core(), request, deadline_in(k_submit_time),
                                     std::move(*memory_file));
  if (!answer) {
    const smtp::FixedReply& failed = reply_to(answer.error());
    co_return refuse_message(transaction, trace, failed, "core gave no answer");
  }
  bool has_outcomes =
      answer->outcome() == api::SUBMIT_OK || answer->outcome() == api::SUBMIT_BAD_RECIPIENT;
  if (!has_outcomes) {
    const smtp::FixedReply& refused = reply_to(answer->outcome());
    co_return refuse_message(transaction, trace, refused, refused.text);
  }
  api::DeliverResponse outcomes;
  // With a bad recipient nothing was taken: those that could be are told so by the first bad one.
  for (int outcome : answer->outcomes()) {
    bool is_taken = answer->outcome() == api::SUBMIT_OK;
    auto each = static_cast<api::DeliverOutcome>(outcome);
    if (is_taken || each != api::DELIVER_OK) outcomes.add_outcomes(each);
  }
  if (answer->held()) {
    log_event(LogLevel::warning, "submission.held",
              {{"conn", log_id()}, {"msg", HexId{trace}}, {"account", account_}});
  }
  co_return answer_message(transaction, trace, summary.size, outcomes);
}

}  // namespace peregrine::smtpd
