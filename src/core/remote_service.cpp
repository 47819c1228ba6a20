// What courier keeps about other servers: MTA-STS policies, and what came of TLS; and the
// operator's look at it. Courier reads what strangers send: nothing it says is kept unchecked.
#include <algorithm>

#include "core/call.h"
#include "core/core.h"
#include "core/remote_wire.h"

namespace peregrine::core {
namespace {

constexpr int k_most_results = 64;
constexpr std::size_t k_results_a_turn = 500;

}  // namespace

net::Task<Answer<api::StsGetResponse>> sts_get(Core& core, Call& /*call*/,
                                               api::StsGetRequest request) {
  if (!remote::is_domain(request.domain())) co_return std::unexpected(api::ErrorCode::malformed);
  UnixTime now = wall_now();
  auto record = core.model.sts_policies->get(request.domain(), now);
  if (!record) co_return std::unexpected(api::ErrorCode::failed);
  api::StsGetResponse response;
  if (*record) {
    response.set_id((*record)->id);
    response.set_policy((*record)->text);
    // A clock that was set back must not make it longer.
    std::int64_t left =
        std::min<std::int64_t>((*record)->expires().seconds - now.seconds, (*record)->max_age);
    response.set_seconds_left(static_cast<std::uint32_t>(left));
  }
  co_return response;
}

net::Task<Answer<api::StsPutResponse>> sts_put(Core& core, Call& call, api::StsPutRequest request) {
  UnixTime now = wall_now();
  remote::PolicyRecord record{.id = std::move(*request.mutable_id()),
                              .fetched = now,
                              .max_age = request.max_age(),
                              .text = std::move(*request.mutable_policy())};
  if (!remote::is_domain(request.domain()) || !remote::is_sound(record)) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  auto sequence = core.model.sts_policies->put(request.domain(), record, now);
  if (!sequence) co_return std::unexpected(api::ErrorCode::failed);
  call.after = *sequence;
  co_return api::StsPutResponse{};
}

net::Task<Answer<api::TlsReportResponse>> tls_report(Core& core, Call& /*call*/,
                                                     api::TlsReportRequest request) {
  if (request.results_size() > k_most_results) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  std::uint32_t today = remote::day_of(wall_now());
  std::vector<remote::Counted> results;
  for (const api::TlsResult& each : request.results()) {
    auto counted = counted_of(each, today);
    if (!counted) co_return std::unexpected(api::ErrorCode::malformed);
    results.push_back(std::move(*counted));
  }
  // What a crash loses of a statistic is not worth a wait for the disk.
  auto added = core.model.tls_results->add(results);
  if (!added) co_return std::unexpected(api::ErrorCode::failed);
  co_return api::TlsReportResponse{};
}

net::Task<Answer<void>> tls_results(Core& core, Call& call, api::TlsResultListRequest request) {
  Bytes position;
  do {
    auto found = core.model.tls_results->list(position, k_results_a_turn, request.domain());
    if (!found) co_return std::unexpected(api::ErrorCode::failed);
    for (const remote::Counted& each : *found) {
      bool sent = co_await send(core, call, info_of(each).SerializeAsString());
      if (!sent) co_return Answer<void>{};
    }
    co_await net::sleep_until(core.loop, Monotonic::now());
  } while (!position.empty() && !call.request.is_cancelled());
  co_return Answer<void>{};
}

}  // namespace peregrine::core
