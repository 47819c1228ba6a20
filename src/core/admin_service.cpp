// The operator's calls that change or list something; dump and verify stand in admin_report.cpp.
#include "core/admin.h"
#include "core/call.h"
#include "core/core.h"

namespace peregrine::core {
namespace {

/// Accounts that are loaded in one turn of the loop.
constexpr std::size_t k_accounts_a_turn = 16;

net::Task<std::expected<directory::Credentials, crypto::PasswordError>> hash(Core& core,
                                                                             Bytes password) {
  CredentialCost cost = credential_cost(core.settings);
  auto job = [&password, cost] { return make_credentials(password, cost); };
  auto hashed = co_await run_on(core.hashing, job);
  explicit_bzero(password.data(), password.size());
  co_return hashed;
}

/// None when the address is nobody's.
AccountId account_of(Core& core, const api::AccountRequest& request) {
  auto address = Address::parse(request.address());
  if (!address) return {};
  const directory::AccountInfo* account = core.model.directory->find_account(*address);
  return account == nullptr ? AccountId{} : account->id;
}

}  // namespace

net::Task<Answer<api::AdminResult>> domain_add(Core& core, Call&, api::DomainRequest request) {
  co_return core.admin.domain_add(request);
}

net::Task<Answer<api::AdminResult>> domain_remove(Core& core, Call&, api::DomainRequest request) {
  co_return core.admin.domain_remove(request);
}

net::Task<Answer<api::DomainListResponse>> domain_list(Core& core, Call&, api::DomainListRequest) {
  co_return core.admin.domain_list();
}

net::Task<Answer<api::AdminResult>> account_add(Core& core, Call&, api::AccountRequest request) {
  api::AdminResult checked = core.admin.check_account_add(request);
  if (!checked.done()) co_return checked;
  auto hashed = co_await hash(core, request.password());
  if (!hashed) co_return not_hashed();
  co_return core.admin.account_add(request, *hashed);
}

net::Task<Answer<api::AdminResult>> account_password(Core& core, Call&,
                                                     api::AccountRequest request) {
  api::AdminResult checked = core.admin.check_account_password(request);
  if (!checked.done()) co_return checked;
  auto hashed = co_await hash(core, request.password());
  if (!hashed) co_return not_hashed();
  AccountId account = account_of(core, request);
  api::AdminResult result = core.admin.account_password(request, *hashed);
  // Whoever knew the old password and no more is out, also where he is in already.
  if (result.done()) core.release_account(account);
  co_return result;
}

net::Task<Answer<api::AdminResult>> account_remove(Core& core, Call&, api::AccountRequest request) {
  AccountId account = account_of(core, request);
  api::AdminResult result = core.admin.account_remove(request);
  if (result.done()) core.release_account(account);
  co_return result;
}

net::Task<Answer<api::AccountListResponse>> account_list(Core& core, Call&,
                                                         api::AccountListRequest request) {
  api::AccountListResponse response;
  std::size_t described = 0;
  for (const directory::AccountInfo& account : core.admin.accounts_of(request.domain())) {
    *response.add_accounts() = core.admin.describe(account);
    if (++described % k_accounts_a_turn == 0) {
      co_await net::sleep_until(core.loop, Monotonic::now());
    }
  }
  co_return response;
}

net::Task<Answer<api::AppPasswordResult>> app_password_add(Core& core, Call&,
                                                           api::AppPasswordRequest request) {
  co_return core.admin.app_password_add(request);
}

net::Task<Answer<api::AdminResult>> app_password_remove(Core& core, Call&,
                                                        api::AppPasswordRequest request) {
  co_return core.admin.app_password_remove(request);
}

net::Task<Answer<api::AppPasswordListResponse>> app_password_list(
    Core& core, Call&, api::AppPasswordListRequest request) {
  co_return core.admin.app_password_list(request);
}

net::Task<Answer<api::AdminResult>> alias_add(Core& core, Call&, api::AliasRequest request) {
  co_return core.admin.alias_add(request);
}

net::Task<Answer<api::AdminResult>> alias_remove(Core& core, Call&, api::AliasRequest request) {
  co_return core.admin.alias_remove(request);
}

net::Task<Answer<api::AliasListResponse>> alias_list(Core& core, Call&,
                                                     api::AliasListRequest request) {
  co_return core.admin.alias_list(request);
}

net::Task<Answer<api::CountsResponse>> counts(Core& core, Call&, api::CountsRequest) {
  api::CountsResponse response = core.admin.counts();
  response.set_sessions(core.sessions.open());
  std::uint64_t messages = 0;
  std::size_t described = 0;
  for (const directory::AccountInfo& account : core.admin.accounts_of({})) {
    messages += core.admin.describe(account).messages();
    if (++described % k_accounts_a_turn == 0) {
      co_await net::sleep_until(core.loop, Monotonic::now());
    }
  }
  response.set_messages(messages);
  co_return response;
}

}  // namespace peregrine::core
