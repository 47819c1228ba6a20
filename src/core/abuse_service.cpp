// The calls about strangers: budgets, offences, bans.

#include "base/log.h"
#include "core/call.h"
#include "core/core.h"

namespace peregrine::core {
namespace {

api::AdminResult refused(std::string line) {
  api::AdminResult result;
  result.set_error(std::move(line));
  return result;
}

std::string line_of(BanError error, const std::string& address) {
  switch (error) {
    case BanError::exempt:
      return address +
             " is a loopback address, in smtp.trusted_networks or in listen.proxy_from: these are "
             "never banned";
    case BanError::too_long:
      return "a ban lasts ten years at most";
    case BanError::not_an_address:
      break;
  }
  return address + " is not an IP address";
}

}  // namespace

net::Task<Answer<api::ChargeResponse>> charge(Core& core, Call&, api::ChargeRequest request) {
  api::ChargeResponse response;
  auto network = network_of(request.peer());
  if (!network) co_return std::unexpected(api::ErrorCode::malformed);
  Deadline now = Monotonic::now();
  Usage used{.messages = request.messages(),
             .recipients = request.recipients(),
             .unknown_recipients = request.unknown_recipients(),
             .bytes = request.bytes()};
  auto answer = core.budgets.charge(*network, used, core.settings.limits, now);
  bool guesses = used.unknown_recipients > 0 && answer.left.unknown_recipients == 0;
  if (guesses) core.bans.report(request.peer(), "unknown recipients", now);
  if (guesses || answer.is_over) {
    log_event(LogLevel::info, "core.over_budget",
              {{"network", network_text(*network)},
               {"budget", guesses ? "unknown recipients" : "messages"}});
  }
  response.set_is_over(answer.is_over);
  response.set_recipients_left(answer.left.recipients);
  response.set_unknown_recipients_left(answer.left.unknown_recipients);
  response.set_bytes_left(answer.left.bytes);
  co_return response;
}

net::Task<Answer<api::ReportOffenceResponse>> report_offence(Core& core, Call& call,
                                                             api::ReportOffenceRequest request) {
  core.bans.report(request.peer(), role_name(call.peer->caller.role), Monotonic::now());
  co_return api::ReportOffenceResponse{};
}

net::Task<Answer<api::BanListResponse>> ban_list(Core& core, Call&, api::BanListRequest) {
  api::BanListResponse response;
  Deadline now = Monotonic::now();
  for (const auto& [network, ban] : core.bans.list(now)) {
    api::BanInfo& info = *response.add_bans();
    info.set_network(network_text(network));
    auto left = std::chrono::duration_cast<std::chrono::seconds>(ban.until - now);
    info.set_seconds_left(static_cast<std::uint64_t>(left.count()));
    info.set_times(ban.times);
    info.set_reason(ban.reason);
    info.set_is_by_operator(ban.is_by_operator);
  }
  co_return response;
}

net::Task<Answer<api::AdminResult>> ban_add(Core& core, Call&, api::BanRequest request) {
  std::uint64_t seconds = std::min<std::uint64_t>(request.seconds(), INT32_MAX);
  auto added = core.bans.add(request.address(), std::chrono::seconds(seconds), Monotonic::now());
  if (!added) co_return refused(line_of(added.error(), request.address()));
  api::AdminResult result;
  result.set_done(true);
  co_return result;
}

net::Task<Answer<api::AdminResult>> ban_lift(Core& core, Call&, api::BanRequest request) {
  auto lifted = core.bans.lift(request.address(), Monotonic::now());
  if (!lifted) co_return refused(line_of(lifted.error(), request.address()));
  if (!*lifted) co_return refused(request.address() + " is not banned");
  api::AdminResult result;
  result.set_done(true);
  co_return result;
}

}  // namespace peregrine::core
