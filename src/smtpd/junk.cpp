// What is known of a client decides whether its mail is taken (junk.*), at RCPT: by then everything
// that it said of itself is there, and each recipient has an answer of its own.

#include <fmt/format.h>

#include "api/client.h"
#include "base/log.h"
#include "smtpd/session.h"

namespace peregrine::smtpd {
namespace {

constexpr std::chrono::seconds k_core_time{10};

/// RFC 5321 section 4.5.1: mail for the postmaster is always taken, so that whoever is refused
/// wrongly can say so.
bool is_postmaster(std::string_view recipient) {
  return iequals(recipient.substr(0, recipient.find('@')), "postmaster");
}

}  // namespace

/// The refusal of an otherwise good recipient, or nothing.
net::Task<std::optional<smtp::Reply>> Session::judge_client(std::string sender_domain,
                                                            std::string recipient) {
  co_await check_.finished();
  const config::JunkSettings& settings = worker_.settings().junk;
  JunkScore score = check_.score();
  log_verdict(score);
  if (is_postmaster(recipient)) co_return std::nullopt;
  if (score.verdict(settings) == JunkVerdict::refuse) {
    co_return smtp::Reply(550, {5, 7, 1}, score.refusal_text());
  }
  // Whom a list speaks well of need not prove that it has a queue.
  if (!settings.greylist || score.total() < 0) co_return std::nullopt;
  auto waits = co_await greylist(std::move(sender_domain), std::move(recipient));
  co_return waits;
}

net::Task<std::optional<smtp::Reply>> Session::greylist(std::string sender_domain,
                                                        std::string recipient) {
  api::GreylistRequest request;
  request.set_peer(connection_.facts.peer);
  request.set_sender_domain(std::move(sender_domain));
  request.set_recipient(std::move(recipient));
  auto answer = co_await api::greylist(worker_.core(), request, deadline_in(k_core_time));
  // Without core no mail is taken in any case.
  if (!answer || answer->wait_seconds() == 0) co_return std::nullopt;
  co_return smtp::Reply(
      451, {4, 7, 1},
      fmt::format("New sender here, please try again in {} seconds", answer->wait_seconds()));
}

void Session::log_verdict(const JunkScore& score) {
  std::string text = score.text();
  if (text == logged_verdict_) return;
  log_event(LogLevel::info, "mx.junk_verdict",
            {{"conn", log_id()},
             {"peer", connection_.facts.peer},
             {"name", check_.confirmed_name()},
             {"hello", helo_},
             {"score", score.total()},
             {"verdict", junk_verdict_name(score.verdict(worker_.settings().junk))},
             {"findings", text}});
  logged_verdict_ = std::move(text);
}

Session::Next Session::refuse_client(const std::string& recipient, const smtp::Reply& refused) {
  reply(refused);
  bool is_for_good = refused.code() >= 500;
  log_event(LogLevel::info, is_for_good ? "mx.client_refused" : "mx.greylisted",
            {{"conn", log_id()},
             {"peer", connection_.facts.peer},
             {"recipient", recipient},
             {"code", refused.code()}});
  // Who is told to come later has done nothing wrong.
  return is_for_good ? count_error() : Next::go_on;
}

}  // namespace peregrine::smtpd
