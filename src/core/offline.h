#pragma once
// Offline: the operator's calls while no server runs, on the store itself. The functions have the
// names and messages of the calls; when one returns, what it did is on disk. One thread, no loop.

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "api/admin.pb.h"
#include "core/admin.h"

namespace peregrine::core {

class Offline {
  struct Private {};

 public:
  /// The error is one line for the operator; it says so when a server has the store open.
  static std::expected<std::unique_ptr<Offline>, std::string> open(
      const config::Settings& settings, store::Create create = store::Create::no);
  Offline(Private, const config::Settings& settings, Model model)
      : settings_(settings), model_(std::move(model)), admin_(model_, settings_) {}

  api::AdminResult domain_add(const api::DomainRequest& request);
  api::AdminResult domain_remove(const api::DomainRequest& request);
  api::DomainListResponse domain_list();
  api::AdminResult account_add(const api::AccountRequest& request);
  api::AdminResult account_remove(const api::AccountRequest& request);
  api::AdminResult account_password(const api::AccountRequest& request);
  api::AccountListResponse account_list(const api::AccountListRequest& request);
  api::AdminResult alias_add(const api::AliasRequest& request);
  api::AdminResult alias_remove(const api::AliasRequest& request);
  api::AliasListResponse alias_list(const api::AliasListRequest& request);
  api::CountsResponse counts();

  using Out = std::function<void(const api::TextLine&)>;
  void dump(const api::DumpRequest& request, const Out& out);
  /// The last line is a count.
  void verify(const Out& out);

 private:
  /// Waits for the disk; the result becomes an error when it failed.
  api::AdminResult settled(api::AdminResult result);

  config::Settings settings_;
  Model model_;
  Admin admin_;
};

}  // namespace peregrine::core
