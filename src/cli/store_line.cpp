#include "cli/store_line.h"

#include "core/offline.h"
#include "crypto/hash.h"
#include "supervisor/identity.h"

namespace peregrine::cli {
namespace {

class StoreLine : public OperatorLine {
 public:
  explicit StoreLine(std::unique_ptr<core::Offline> offline) : offline_(std::move(offline)) {}

 private:
  static std::unexpected<Problem> malformed() { return problem("the request is malformed"); }

  template <class Response, class Request>
  Outcome<Bytes> make(Response (core::Offline::*call)(const Request&), const Bytes& bytes) {
    Request request;
    if (!request.ParseFromString(bytes)) return malformed();
    return ((*offline_).*call)(request).SerializeAsString();
  }

  /// A stream whose call may end with a line for the operator.
  template <class Item, class Request>
  Outcome<void> stream(std::expected<void, std::string> (core::Offline::*call)(
                           const Request&, const std::function<void(const Item&)>&),
                       const Bytes& bytes, const ItemSink& sink) {
    Request request;
    if (!request.ParseFromString(bytes)) return malformed();
    auto done =
        ((*offline_).*call)(request, [&sink](const Item& item) { sink(item.SerializeAsString()); });
    if (!done) return problem(std::move(done.error()));
    return {};
  }

  Outcome<void> items(api::Method method, Bytes bytes, const ItemSink& sink) override {
    auto put = [&sink](const api::TextLine& line) { sink(line.SerializeAsString()); };
    if (method == api::Method::queue_list) {
      return stream<api::QueueMessageInfo>(&core::Offline::queue_list, bytes, sink);
    }
    if (method == api::Method::trace) {
      return stream<api::TraceEvent>(&core::Offline::trace, bytes, sink);
    }
    if (method == api::Method::tls_results) {
      return stream<api::TlsResultInfo>(&core::Offline::tls_results, bytes, sink);
    }
    if (method == api::Method::verify) {
      offline_->verify(put);
      return {};
    }
    api::DumpRequest request;
    if (!request.ParseFromString(bytes)) return malformed();
    offline_->dump(request, put);
    return {};
  }

  Outcome<Bytes> exchange(api::Method method, Bytes request) override {
    using api::Method;
    using core::Offline;
    switch (method) {
      case Method::domain_add:
        return make(&Offline::domain_add, request);
      case Method::domain_remove:
        return make(&Offline::domain_remove, request);
      case Method::domain_list:
        return offline_->domain_list().SerializeAsString();
      case Method::account_add:
        return make(&Offline::account_add, request);
      case Method::account_remove:
        return make(&Offline::account_remove, request);
      case Method::account_password:
        return make(&Offline::account_password, request);
      case Method::account_list:
        return make(&Offline::account_list, request);
      case Method::app_password_add:
        return make(&Offline::app_password_add, request);
      case Method::app_password_remove:
        return make(&Offline::app_password_remove, request);
      case Method::app_password_list:
        return make(&Offline::app_password_list, request);
      case Method::alias_add:
        return make(&Offline::alias_add, request);
      case Method::alias_remove:
        return make(&Offline::alias_remove, request);
      case Method::alias_list:
        return make(&Offline::alias_list, request);
      case Method::queue_change:
        return make(&Offline::queue_change, request);
      default:
        return problem("only a running server can do this; start it first");
    }
  }

  std::unique_ptr<core::Offline> offline_;
};

}  // namespace

Outcome<std::unique_ptr<OperatorLine>> open_store_line(const std::string& config_path,
                                                       const config::Settings& settings,
                                                       store::Create create) {
  auto left = supervisor::leave_root(settings, config_path);
  if (!left) return problem(left.error().to_string());
  crypto::warm_up();
  auto offline = core::Offline::open(settings, create);
  if (!offline) return problem(std::move(offline.error()));
  return std::make_unique<StoreLine>(std::move(*offline));
}

}  // namespace peregrine::cli
