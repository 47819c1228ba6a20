#include "core/remote_wire.h"

#include <utility>

namespace peregrine::core {
namespace {

constexpr std::uint64_t k_most_sessions = 1'000'000;
constexpr std::int64_t k_day_seconds = 86'400;

}  // namespace

std::optional<remote::Counted> counted_of(const api::TlsResult& result, std::uint32_t day) {
  auto policy = remote::policy_type_of(static_cast<std::uint64_t>(result.policy()));
  auto type = remote::result_type_of(static_cast<std::uint64_t>(result.result()));
  bool is_named =
      remote::is_domain(result.domain()) && remote::is_host_or_empty(result.receiving_mx());
  bool is_counted = result.sessions() > 0 && result.sessions() <= k_most_sessions;
  if (!policy || !type || !is_named || !is_counted) return std::nullopt;
  return remote::Counted{.key = {.day = day,
                                 .domain = result.domain(),
                                 .policy = *policy,
                                 .result = *type,
                                 .receiving_mx = result.receiving_mx()},
                         .sessions = result.sessions()};
}

api::TlsResultInfo info_of(const remote::Counted& result) {
  api::TlsResultInfo out;
  out.set_day(result.key.day * k_day_seconds);
  api::TlsResult& to = *out.mutable_result();
  to.set_domain(result.key.domain);
  to.set_policy(static_cast<api::TlsPolicyType>(std::to_underlying(result.key.policy)));
  to.set_result(static_cast<api::TlsResultType>(std::to_underlying(result.key.result)));
  to.set_receiving_mx(result.key.receiving_mx);
  to.set_sessions(result.sessions);
  return out;
}

}  // namespace peregrine::core
