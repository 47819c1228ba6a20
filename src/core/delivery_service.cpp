// The calls of receiving mail: check_recipient and deliver.
#include <fmt/format.h>

#include "base/log.h"
#include "core/call.h"
#include "core/core.h"
#include "core/queue_wire.h"
#include "core/routing.h"

namespace peregrine::core {
namespace {

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

queue::NewMessage describe(const api::DeliverRequest& request, const Content& content,
                           const store::BlobId& blob) {
  queue::NewMessage out;
  // What cannot be a sender has none; only copies that leave again have a use for it.
  if (auto envelope = envelope_of(request.envelope())) out.envelope = *std::move(envelope);
  out.blob = blob;
  out.size = content.raw().size() - content.return_path_size();
  out.header_size = content.header_size() - content.return_path_size();
  out.skip = content.return_path_size();
  out.trace = queue::TraceId(request.trace());
  return out;
}

queue::Event received(const api::DeliverRequest& request, std::size_t size) {
  queue::Event out{"received",
                   fmt::format("conn={:016x} from={} size={} recipients={}", request.connection(),
                               request.envelope().mail_from(), size, request.recipients_size()),
                   {request.envelope().mail_from()}};
  for (const api::Recipient& each : request.recipients()) out.addresses.push_back(each.address());
  return out;
}

}  // namespace

net::Task<Answer<api::CheckRecipientResponse>> check_recipient(Core& core, Call&,
                                                               api::CheckRecipientRequest request) {
  api::CheckRecipientResponse response;
  Route route = find_route(core, request.address(), request.size());
  response.set_verdict(route.verdict);
  response.set_leaves(!route.remotes.empty());
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
  UnixTime now = wall_now();
  mail::NewMessage message = content->message(digest, now);
  SenderTrust trust = request.sender_verified() ? SenderTrust::verified : SenderTrust::doubtful;
  Distribution distribution(core, describe(request, *content, message.blob), trust, now);
  distribution.add_event(received(request, message.raw.size()));
  // Routed anew: what the worker was told of a recipient may have changed, and it may lie.
  std::vector<api::DeliverOutcome> outcomes;
  for (const api::Recipient& each : request.recipients()) {
    Route route = find_route(core, each.address(), message.raw.size());
    outcomes.push_back(outcome_of(core, route, Elsewhere::refused));
    if (outcomes.back() == api::DELIVER_OK) distribution.add(each, route);
  }
  auto made = distribution.make(message, core.model.queue->change());
  std::size_t next = 0;
  if (made) call.after = made->sequence;
  api::DeliverResponse response;
  int stored = 0;
  for (api::DeliverOutcome outcome : outcomes) {
    if (outcome == api::DELIVER_OK) {
      outcome = made ? outcome_of(made->statuses.at(next)) : made.error();
      ++next;
    }
    response.add_outcomes(outcome);
    if (outcome == api::DELIVER_OK) ++stored;
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
