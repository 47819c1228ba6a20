// The operator's calls about app passwords.
#include <fmt/format.h>

#include "base/log.h"
#include "core/admin.h"
#include "core/admin_text.h"

namespace peregrine::core {
namespace {

using directory::DirectoryError;

std::string reason_of(std::string_view name, DirectoryError error) {
  std::string shown = log_escape(name);
  switch (error) {
    case DirectoryError::exists:
      return fmt::format("{}: the account has an app password of that name; remove it first",
                         shown);
    case DirectoryError::not_found:
      return fmt::format("{}: the account has no app password of that name", shown);
    case DirectoryError::bad_name:
      return fmt::format("{}: not a name: 1 to 64 bytes without control characters", shown);
    case DirectoryError::over_limit:
      return fmt::format("{}: an account has at most {} app passwords; remove one first", shown,
                         directory::k_most_app_passwords);
    default:
      return fmt::format("{}: {}", shown, text_of(error));
  }
}

/// The account that an operator names, or what is wrong with it.
std::expected<AccountId, std::string> find(const directory::Directory& directory,
                                           std::string_view text) {
  auto address = Address::parse(text);
  if (!address) return std::unexpected(not_an_address(text));
  const directory::AccountInfo* account = directory.find_account(*address);
  if (account == nullptr) return std::unexpected(no_account(*address));
  return account->id;
}

}  // namespace

api::AppPasswordResult Admin::app_password_add(const api::AppPasswordRequest& request) {
  api::AppPasswordResult result;
  auto account = find(*model_.directory, request.address());
  if (!account) {
    result.set_error(account.error());
    return result;
  }
  directory::AppProtocols protocols = request.protocols() == 0
                                          ? directory::k_all_app_protocols
                                          : request.protocols() & directory::k_all_app_protocols;
  std::string password = directory::make_app_password();
  directory::AppPassword sealed = directory::seal_app_password(request.name(), protocols, password);
  auto added = protocols == 0 ? std::unexpected(DirectoryError::bad_name)
                              : model_.directory->add_app_password(*account, sealed);
  if (added) {
    result.set_done(true);
    result.set_password(std::move(password));
  } else {
    result.set_error(reason_of(request.name(), added.error()));
  }
  return result;
}

api::AdminResult Admin::app_password_remove(const api::AppPasswordRequest& request) {
  api::AdminResult result;
  auto account = find(*model_.directory, request.address());
  if (!account) {
    result.set_error(account.error());
    return result;
  }
  auto removed = model_.directory->remove_app_password(*account, request.name());
  result.set_done(removed.has_value());
  if (!removed) result.set_error(reason_of(request.name(), removed.error()));
  return result;
}

api::AppPasswordListResponse Admin::app_password_list(
    const api::AppPasswordListRequest& request) const {
  api::AppPasswordListResponse response;
  auto account = find(*model_.directory, request.address());
  if (!account) {
    response.set_error(account.error());
    return response;
  }
  auto stored = model_.directory->app_passwords(*account);
  if (!stored) {
    response.set_error(std::string(text_of(stored.error())));
    return response;
  }
  for (directory::AppPassword& each : *stored) {
    api::AppPasswordInfo& info = *response.add_passwords();
    info.set_name(std::move(each.name));
    info.set_protocols(each.protocols);
    info.set_created(each.created.seconds);
    info.set_last_used(each.last_used.seconds);
  }
  return response;
}

}  // namespace peregrine::core
