#pragma once
// Offline: the operator's calls while no server runs, on the store itself. The functions have the
// names and messages of the calls; when one returns, what it did is on disk. One thread, no loop.

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "api/admin.pb.h"
#include "api/queue.pb.h"
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
  api::AppPasswordResult app_password_add(const api::AppPasswordRequest& request);
  api::AdminResult app_password_remove(const api::AppPasswordRequest& request);
  api::AppPasswordListResponse app_password_list(const api::AppPasswordListRequest& request);
  api::AdminResult alias_add(const api::AliasRequest& request);
  api::AdminResult alias_remove(const api::AliasRequest& request);
  api::AliasListResponse alias_list(const api::AliasListRequest& request);
  api::CountsResponse counts();

  using Messages = std::function<void(const api::QueueMessageInfo&)>;
  using Events = std::function<void(const api::TraceEvent&)>;
  /// The error of these is a line for the operator.
  std::expected<void, std::string> queue_list(const api::QueueListRequest& request,
                                              const Messages& out);
  std::expected<void, std::string> trace(const api::TraceRequest& request, const Events& out);
  api::QueueChangeResponse queue_change(const api::QueueChangeRequest& request);

  using Results = std::function<void(const api::TlsResultInfo&)>;
  std::expected<void, std::string> tls_results(const api::TlsResultListRequest& request,
                                               const Results& out);

  using Out = std::function<void(const api::TextLine&)>;
  void dump(const api::DumpRequest& request, const Out& out);
  /// The last line is a count.
  void verify(const Out& out);

 private:
  /// Waits for the disk; the result becomes an error when it failed.
  api::AdminResult settled(api::AdminResult result);
  /// False when the disk failed.
  bool reach_disk(store::Sequence wanted);
  void send_story(queue::TraceId trace, const Events& out);

  config::Settings settings_;
  Model model_;
  Admin admin_;
};

}  // namespace peregrine::core
