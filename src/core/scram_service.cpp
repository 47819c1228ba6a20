// The calls of SCRAM: scram_begin and scram_finish.
#include "core/call.h"
#include "core/core.h"

namespace peregrine::core {
namespace {

// More than an honest login lets pass.
constexpr std::size_t k_longest_name = 1024;
constexpr std::size_t k_longest_nonce = 512;
constexpr std::size_t k_longest_message = 4096;

bool is_sound(const api::ScramBeginRequest& request) {
  bool is_known = request.hash() == static_cast<std::uint32_t>(crypto::ScramHash::sha1) ||
                  request.hash() == static_cast<std::uint32_t>(crypto::ScramHash::sha256);
  return is_known && is_login_service(request.service()) &&
         request.login_name().size() <= k_longest_name && !request.client_nonce().empty() &&
         request.client_nonce().size() <= k_longest_nonce &&
         request.client_first_bare().size() <= k_longest_message;
}

}  // namespace

net::Task<Answer<api::ScramBeginResponse>> scram_begin(Core& core, Call& call,
                                                       api::ScramBeginRequest request) {
  if (!is_sound(request)) co_return std::unexpected(api::ErrorCode::malformed);
  api::ScramBeginResponse response;
  auto hash = static_cast<crypto::ScramHash>(request.hash());
  Scram::Subject subject{.channel = call.peer->caller.channel,
                         .connection = ConnectionId(request.connection()),
                         .service = static_cast<Service>(request.service()),
                         .peer = std::move(*request.mutable_peer_address())};
  Scram::Attempt attempt{.hash = hash,
                         .login_name = std::move(*request.mutable_login_name()),
                         .client_nonce = std::move(*request.mutable_client_nonce()),
                         .client_first_bare = std::move(*request.mutable_client_first_bare())};
  auto begun = core.scram.begin(subject, attempt, Monotonic::now());
  response.set_outcome(begun ? api::AUTH_OK : api::AUTH_TRY_LATER);
  if (begun) {
    response.set_exchange(begun->exchange);
    response.set_server_first(std::move(begun->server_first));
  }
  co_return response;
}

net::Task<Answer<api::ScramFinishResponse>> scram_finish(Core& core, Call& call,
                                                         api::ScramFinishRequest request) {
  if (request.client_final_without_proof().size() > k_longest_message) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  api::ScramFinishResponse response;
  auto proved =
      core.scram.finish(call.peer->caller.channel, request.exchange(),
                        request.client_final_without_proof(), request.proof(), Monotonic::now());
  if (!proved) {
    response.set_outcome(api::AUTH_BAD_CREDENTIALS);
    co_return response;
  }
  auto ticket = core.sessions.issue_ticket(proved->account, proved->subject.connection,
                                           proved->subject.service, Monotonic::now());
  response.set_outcome(ticket ? api::AUTH_OK : api::AUTH_TRY_LATER);
  if (ticket) {
    response.set_ticket(std::move(*ticket));
    response.set_server_signature(std::move(proved->server_signature));
  }
  co_return response;
}

}  // namespace peregrine::core
