// The calls of logging in: authenticate, redeem, release.
#include "base/secret.h"
#include "core/call.h"
#include "core/core.h"

namespace peregrine::core {
namespace {

bool has_sessions(std::uint32_t service) {
  return service >= static_cast<std::uint32_t>(Service::submission) &&
         service <= static_cast<std::uint32_t>(Service::pop3s);
}

/// The services whose sessions a role runs.
bool serves(Role role, Service service) {
  switch (service) {
    case Service::submission:
    case Service::submissions:
      return role == Role::submission;
    case Service::imap:
    case Service::imaps:
      return role == Role::imap;
    case Service::pop3:
    case Service::pop3s:
      return role == Role::pop3;
    case Service::smtp:
    case Service::lmtp:
      break;
  }
  return false;
}

api::AuthOutcome outcome_of(AuthError error) {
  return error == AuthError::bad_credentials ? api::AUTH_BAD_CREDENTIALS : api::AUTH_TRY_LATER;
}

}  // namespace

net::Task<Answer<api::AuthenticateResponse>> authenticate(Core& core, Call&,
                                                          api::AuthenticateRequest request) {
  Secret password = Secret::take(std::move(*request.mutable_password()));
  if (!has_sessions(request.service())) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  api::AuthenticateResponse response;
  auto account = co_await core.authenticator.check(request.login_name(), std::move(password),
                                                   request.peer_address());
  if (!account) {
    response.set_outcome(outcome_of(account.error()));
    co_return response;
  }
  // RFC 4616 section 2: acting for another identity needs a permission, and nobody has one.
  if (!request.authorization_id().empty() &&
      core.model.directory->find_login(request.authorization_id()) != *account) {
    response.set_outcome(api::AUTH_BAD_CREDENTIALS);
    co_return response;
  }
  auto ticket =
      core.sessions.issue_ticket(*account, ConnectionId(request.connection()),
                                 static_cast<Service>(request.service()), Monotonic::now());
  response.set_outcome(ticket ? api::AUTH_OK : api::AUTH_TRY_LATER);
  if (ticket) response.set_ticket(std::move(*ticket));
  co_return response;
}

net::Task<Answer<api::RedeemResponse>> redeem(Core& core, Call& call, api::RedeemRequest request) {
  auto service = static_cast<Service>(request.service());
  if (!has_sessions(request.service()) || !serves(call.peer->caller.role, service)) {
    co_return std::unexpected(api::ErrorCode::bad_ticket);
  }
  auto redeemed = core.sessions.redeem(request.ticket(), ConnectionId(request.connection()),
                                       service, call.peer->caller.channel, Monotonic::now());
  if (!redeemed) co_return std::unexpected(api::ErrorCode::bad_ticket);
  const directory::AccountInfo* account = core.model.directory->find_account(redeemed->account);
  if (account == nullptr) {  // removed since the login
    core.release(redeemed->session, call.peer->caller.channel);
    co_return std::unexpected(api::ErrorCode::bad_ticket);
  }
  api::RedeemResponse response;
  response.set_session(redeemed->session.value);
  response.set_address(account->address.to_string());
  co_return response;
}

net::Task<Answer<api::ReleaseResponse>> release(Core& core, Call& call, api::ReleaseRequest) {
  core.release(call.session, call.peer->caller.channel);
  co_return api::ReleaseResponse{};
}

}  // namespace peregrine::core
