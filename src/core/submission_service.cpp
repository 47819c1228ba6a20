// The calls of accounts that send: check_sender and submit.
#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "core/call.h"
#include "core/core.h"
#include "core/queue_wire.h"
#include "core/routing.h"

namespace peregrine::core {
namespace {

/// RFC 6409 section 6.1: an account sends as itself, as a subaddress of its own, or as an alias
/// that leads to it. The null sender is for notifications that a client makes (RFC 6522, RFC 8098).
bool may_send_as(const Core& core, AccountId account, const std::string& mail_from) {
  if (mail_from.empty()) return true;
  auto address = Address::parse(mail_from);
  if (!address) return false;
  directory::Resolution found = core.model.directory->resolve(*address);
  return found.kind == directory::ResolutionKind::local &&
         std::ranges::find(found.accounts, account) != found.accounts.end();
}

api::SubmitResponse answer(api::SubmitOutcome outcome) {
  api::SubmitResponse out;
  out.set_outcome(outcome);
  return out;
}

std::string address_of(const Core& core, AccountId account) {
  const directory::AccountInfo* info = core.model.directory->find_account(account);
  return info == nullptr ? std::string() : info->address.to_string();
}

queue::Event received(const api::SubmitRequest& request, const queue::NewMessage& message) {
  queue::Event out{"received",
                   fmt::format("conn={:016x} account={} from={} size={} recipients={}",
                               request.connection(), message.submitter, message.envelope.mail_from,
                               message.size, request.recipients_size()),
                   {message.envelope.mail_from, message.submitter}};
  for (const api::Recipient& each : request.recipients()) out.addresses.push_back(each.address());
  return out;
}

/// Held mail is told of at once: somebody's password may have been stolen.
void log_burst(const api::SubmitRequest& request, const queue::NewMessage& message) {
  log_event(LogLevel::warning, "submission.burst",
            {{"account", message.submitter},
             {"conn", HexId{request.connection()}},
             {"msg", HexId{message.trace.value}},
             {"recipients", request.recipients_size()},
             {"remedy", "look at peregrine queue list --held, then release or drop"}});
}

/// All recipients or none: what cannot be taken is said while the client can still change it.
api::SubmitResponse distribute(Core& core, Call& call, const api::SubmitRequest& request,
                               const mail::NewMessage& content, queue::NewMessage message,
                               UnixTime now) {
  std::vector<Route> routes;
  api::SubmitResponse response = answer(api::SUBMIT_OK);
  for (const api::Recipient& each : request.recipients()) {
    routes.push_back(find_route(core, each.address(), message.size));
    api::DeliverOutcome outcome = outcome_of(core, routes.back(), Elsewhere::sent);
    response.add_outcomes(outcome);
    if (outcome != api::DELIVER_OK) response.set_outcome(api::SUBMIT_BAD_RECIPIENT);
  }
  if (response.outcome() != api::SUBMIT_OK) return response;
  auto verdict =
      core.submission_rates.count(call.account, static_cast<std::size_t>(request.recipients_size()),
                                  core.settings.submission, Monotonic::now());
  if (verdict == SubmissionRates::Verdict::refuse) {
    log_event(LogLevel::warning, "submission.rate_limited",
              {{"account", message.submitter}, {"conn", HexId{request.connection()}}});
    return answer(api::SUBMIT_RATE_LIMITED);
  }
  if (verdict == SubmissionRates::Verdict::hold) {
    message.held_because = "too many recipients in a short time";
    log_burst(request, message);
  }
  bool is_held = !message.held_because.empty();
  queue::Event event = received(request, message);
  Distribution distribution(core, std::move(message), SenderTrust::verified, now);
  distribution.add_event(std::move(event));
  for (std::size_t i = 0; i < routes.size(); ++i) {
    distribution.add(request.recipients(static_cast<int>(i)), routes[i]);
  }
  auto made = distribution.make(content, core.model.queue->change());
  if (!made) {
    bool is_full = made.error() == api::DELIVER_NO_SPACE;
    return answer(is_full ? api::SUBMIT_NO_SPACE : api::SUBMIT_FAILED);
  }
  call.after = made->sequence;
  response.set_held(is_held && made->has_queued);
  return response;
}

}  // namespace

net::Task<Answer<api::CheckSenderResponse>> check_sender(Core& core, Call& call,
                                                         api::CheckSenderRequest request) {
  api::CheckSenderResponse response;
  bool may = may_send_as(core, call.account, request.mail_from());
  response.set_outcome(may ? api::SUBMIT_OK : api::SUBMIT_NOT_OWNER);
  co_return response;
}

net::Task<Answer<api::SubmitResponse>> submit(Core& core, Call& call, api::SubmitRequest request) {
  auto envelope = envelope_of(request.envelope());
  if (!envelope || request.recipients_size() == 0 ||
      request.recipients_size() > k_most_recipients) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  for (const api::Recipient& each : request.recipients()) {
    if (each.notify() > queue::k_all_notify || !queue::is_valid_orcpt(each.orcpt())) {
      co_return std::unexpected(api::ErrorCode::malformed);
    }
  }
  if (!may_send_as(core, call.account, envelope->mail_from)) {
    co_return answer(api::SUBMIT_NOT_OWNER);
  }
  auto content = Content::open(std::move(*request.mutable_content()),
                               call.request.take_descriptor(), core.settings.limits.message_size);
  if (!content) co_return std::unexpected(content.error());
  crypto::Digest digest = co_await digest_of(core, *content);
  UnixTime now = wall_now();
  // The session, its account and its aliases may have gone meanwhile.
  if (!core.sessions.account_of(call.session, call.peer->caller.channel) ||
      !may_send_as(core, call.account, envelope->mail_from)) {
    co_return answer(api::SUBMIT_NOT_OWNER);
  }
  mail::NewMessage message = content->message(digest, now);
  queue::NewMessage about{.envelope = *std::move(envelope),
                          .blob = message.blob,
                          .size = message.raw.size() - content->return_path_size(),
                          .header_size = content->header_size() - content->return_path_size(),
                          .skip = content->return_path_size(),
                          .account = call.account,
                          .submitter = address_of(core, call.account),
                          .trace = queue::TraceId(request.trace()),
                          .held_because = {},
                          .recipients = {}};
  api::SubmitResponse response = distribute(core, call, request, message, std::move(about), now);
  log_event(LogLevel::info, "core.submitted",
            {{"conn", HexId{request.connection()}},
             {"msg", HexId{request.trace()}},
             {"recipients", request.recipients_size()},
             {"outcome", static_cast<int>(response.outcome())},
             {"held", response.held()},
             {"size", message.raw.size()}});
  co_return response;
}

}  // namespace peregrine::core
