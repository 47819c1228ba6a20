#pragma once
// Admin: what an operator can ask, over a Model. Core's service and a command that runs while the
// server is stopped use the same object. Each answer says in one line what went wrong and what to
// do about it.
//
// Changes are visible at once and on disk when the store is; who answers waits for the directory's
// last_sequence(). Nothing here hashes a password: that takes long, and the caller knows where.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/admin.pb.h"
#include "config/settings.h"
#include "core/credentials.h"
#include "core/model.h"

namespace peregrine::core {

/// What the settings say that hashing a password shall cost.
crypto::PasswordCost password_cost(const config::Settings& settings);

class Admin {
 public:
  /// Both outlive it; the settings may change meanwhile.
  Admin(Model& model, const config::Settings& settings) : model_(model), settings_(settings) {}

  api::AdminResult domain_add(const api::DomainRequest& request);
  api::AdminResult domain_remove(const api::DomainRequest& request);
  [[nodiscard]] api::DomainListResponse domain_list() const;

  /// What can be said of account_add() or account_password() without the hash: done, or the error.
  /// The cheap half, so that a wrong request costs no hash.
  [[nodiscard]] api::AdminResult check_account_add(const api::AccountRequest& request) const;
  [[nodiscard]] api::AdminResult check_account_password(const api::AccountRequest& request) const;
  /// `credentials`: of the request's password, see core/credentials.h.
  api::AdminResult account_add(const api::AccountRequest& request,
                               const directory::Credentials& credentials);
  api::AdminResult account_password(const api::AccountRequest& request,
                                    const directory::Credentials& credentials);
  /// The account's mail goes too: some now, the rest with purge_orphans().
  api::AdminResult account_remove(const api::AccountRequest& request);
  /// Of a domain, or of all when it is empty.
  [[nodiscard]] std::vector<directory::AccountInfo> accounts_of(std::string_view domain) const;
  /// Loads the account.
  api::AccountInfo describe(const directory::AccountInfo& account);

  /// Makes the password and answers it, once. No protocols: all of them.
  api::AppPasswordResult app_password_add(const api::AppPasswordRequest& request);
  api::AdminResult app_password_remove(const api::AppPasswordRequest& request);
  [[nodiscard]] api::AppPasswordListResponse app_password_list(
      const api::AppPasswordListRequest& request) const;

  /// An alias that exists is refused: remove it first.
  api::AdminResult alias_add(const api::AliasRequest& request);
  api::AdminResult alias_remove(const api::AliasRequest& request);
  [[nodiscard]] api::AliasListResponse alias_list(const api::AliasListRequest& request) const;

  /// All but the messages and the sessions.
  [[nodiscard]] api::CountsResponse counts() const;

  /// The account that a dump is about; nothing for all of them, an error for one that is not there.
  [[nodiscard]] std::expected<std::optional<AccountId>, std::string> dump_subject(
      const api::DumpRequest& request) const;

  /// Removes all that removed accounts have left. Takes long after a large account.
  void purge_orphans();

 private:
  [[nodiscard]] api::AdminResult check_password(const api::AccountRequest& request) const;

  Model& model_;
  const config::Settings& settings_;
};

/// The answer when hashing failed.
api::AdminResult not_hashed();

/// The line that verify ends with.
std::string verify_summary(std::size_t findings);

}  // namespace peregrine::core
