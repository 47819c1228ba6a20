// The calls of receiving mail: check_recipient and deliver.
#include <algorithm>
#include <map>

#include "base/log.h"
#include "core/call.h"
#include "core/content.h"
#include "core/core.h"

namespace peregrine::core {
namespace {

/// No setting allows more recipients in a transaction.
constexpr int k_most_recipients = 10000;

directory::Resolution resolve(const directory::Directory& directory, const std::string& text) {
  // RFC 5321 section 4.5.1: "postmaster" without a domain is an address here.
  if (iequals(text, "postmaster")) return directory.resolve_postmaster();
  auto address = Address::parse(text);
  if (!address) return {directory::ResolutionKind::unknown, {}, {}};
  return directory.resolve(*address);
}

/// Whether all accounts that a recipient leads to can take the message: one that cannot refuses the
/// recipient as a whole, since a part of it could not be told to the sender.
api::RecipientVerdict verdict_of(Core& core, const directory::Resolution& resolution,
                                 std::uint64_t size) {
  switch (resolution.kind) {
    case directory::ResolutionKind::unknown:
      return api::RECIPIENT_UNKNOWN;
    case directory::ResolutionKind::not_local_domain:
      return api::RECIPIENT_NOT_LOCAL;
    case directory::ResolutionKind::unavailable:
      return api::RECIPIENT_TEMPORARY;
    case directory::ResolutionKind::local:
      break;
  }
  if (!resolution.remotes.empty()) return api::RECIPIENT_NEEDS_RELAY;
  for (AccountId account : resolution.accounts) {
    auto opened = core.model.accounts->open(account);
    if (!opened) return api::RECIPIENT_TEMPORARY;
    if (!(*opened)->has_room(size, 1)) return api::RECIPIENT_OVER_QUOTA;
  }
  return api::RECIPIENT_LOCAL;
}

api::DeliverOutcome outcome_of(api::RecipientVerdict verdict) {
  switch (verdict) {
    case api::RECIPIENT_LOCAL:
      return api::DELIVER_OK;
    case api::RECIPIENT_UNKNOWN:
    case api::RECIPIENT_NOT_LOCAL:
      return api::DELIVER_UNKNOWN;
    case api::RECIPIENT_OVER_QUOTA:
      return api::DELIVER_OVER_QUOTA;
    case api::RECIPIENT_NO_SPACE:
      return api::DELIVER_NO_SPACE;
    default:
      // Also an alias that leads elsewhere since it was accepted: asked again, it is refused.
      return api::DELIVER_FAILED;
  }
}

api::DeliverOutcome outcome_of(mail::DeliveryStatus status) {
  switch (status) {
    case mail::DeliveryStatus::delivered:
      return api::DELIVER_OK;
    case mail::DeliveryStatus::over_quota:
      return api::DELIVER_OVER_QUOTA;
    case mail::DeliveryStatus::not_found:
      return api::DELIVER_UNKNOWN;
    case mail::DeliveryStatus::unavailable:
    case mail::DeliveryStatus::over_limit:
      break;
  }
  return api::DELIVER_FAILED;
}

struct Plan {
  struct Recipient {
    api::DeliverOutcome outcome = api::DELIVER_FAILED;
    std::vector<AccountId> accounts;
  };
  std::vector<Recipient> recipients;
  std::vector<mail::Target> targets;
  std::map<AccountId, std::size_t> target_of;
};

/// Resolved anew: what the worker was told of a recipient may have changed, and it may lie.
Plan plan_delivery(Core& core, const api::DeliverRequest& request, std::uint64_t size) {
  Plan plan;
  for (const api::Recipient& each : request.recipients()) {
    directory::Resolution resolution = resolve(*core.model.directory, each.address());
    Plan::Recipient recipient{outcome_of(verdict_of(core, resolution, size)), {}};
    if (recipient.outcome == api::DELIVER_OK) recipient.accounts = resolution.accounts;
    for (AccountId account : recipient.accounts) {
      if (!plan.target_of.try_emplace(account, plan.targets.size()).second) continue;
      plan.targets.push_back(
          {.account = account, .mailbox = {}, .mailbox_name = {}, .flags = {}, .keywords = {}});
    }
    plan.recipients.push_back(std::move(recipient));
  }
  return plan;
}

void fail_all(Plan& plan, mail::MailError error) {
  bool is_full = error == mail::MailError::no_space;
  for (Plan::Recipient& recipient : plan.recipients) {
    if (recipient.outcome != api::DELIVER_OK) continue;
    recipient.outcome = is_full ? api::DELIVER_NO_SPACE : api::DELIVER_FAILED;
  }
  log_event(LogLevel::error, "core.delivery_failed", {{"error", static_cast<int>(error)}});
}

void take_results(Plan& plan, const std::vector<mail::Delivered>& results) {
  for (Plan::Recipient& recipient : plan.recipients) {
    for (AccountId account : recipient.accounts) {
      auto outcome = outcome_of(results[plan.target_of.at(account)].status);
      if (outcome != api::DELIVER_OK) recipient.outcome = outcome;
    }
  }
}

}  // namespace

net::Task<Answer<api::CheckRecipientResponse>> check_recipient(Core& core, Call&,
                                                               api::CheckRecipientRequest request) {
  api::CheckRecipientResponse response;
  auto resolution = resolve(*core.model.directory, request.address());
  response.set_verdict(verdict_of(core, resolution, request.size()));
  if (response.verdict() == api::RECIPIENT_LOCAL &&
      core.model.store->free_bytes() <= request.size()) {
    response.set_verdict(api::RECIPIENT_NO_SPACE);
  }
  co_return response;
}

net::Task<Answer<api::DeliverResponse>> deliver(Core& core, Call& call,
                                                api::DeliverRequest request) {
  if (request.recipients_size() > k_most_recipients) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  auto content = Content::open(std::move(*request.mutable_content()),
                               call.request.take_descriptor(), core.settings.limits.message_size);
  if (!content) co_return std::unexpected(content.error());
  crypto::Digest digest = co_await digest_of(core, *content);
  mail::NewMessage message = content->message(digest, wall_now());
  Plan plan = plan_delivery(core, request, message.raw.size());
  auto delivered = core.model.accounts->deliver(plan.targets, message);
  if (delivered) {
    call.after = delivered->sequence;
    take_results(plan, delivered->value);
  } else {
    fail_all(plan, delivered.error());
  }
  api::DeliverResponse response;
  int stored = 0;
  for (const Plan::Recipient& recipient : plan.recipients) {
    response.add_outcomes(recipient.outcome);
    if (recipient.outcome == api::DELIVER_OK) ++stored;
  }
  log_event(LogLevel::info, "core.stored",
            {{"conn", HexId{request.connection()}},
             {"msg", HexId{request.trace()}},
             {"recipients", request.recipients_size()},
             {"stored", stored},
             {"size", message.raw.size()}});
  co_return response;
}

}  // namespace peregrine::core
