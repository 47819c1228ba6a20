#pragma once
// OperatorLine: the operator's calls of api/admin.proto. While a server runs they go to its core by
// the control socket; when none runs they are made on the store in this process. Calls block.

#include <functional>
#include <memory>

#include "api/methods.h"
#include "cli/command.h"

namespace peregrine::cli {

class OperatorLine {
 public:
  /// Gets each item of a stream, as it travels.
  using ItemSink = std::function<void(const Bytes&)>;
  using Sink = std::function<void(const api::TextLine&)>;

  virtual ~OperatorLine() = default;

  template <class Response, class Request>
  Outcome<Response> call(api::Method method, const Request& request) {
    TRY(Bytes answer, exchange(method, request.SerializeAsString()));
    Response response;
    if (!response.ParseFromString(answer)) return problem("the server's answer is malformed");
    return response;
  }

  /// Gives each item that the call answers to `sink`, as they come.
  template <class Item>
  Outcome<void> each(api::Method method, Bytes request,
                     const std::function<void(const Item&)>& sink) {
    bool is_sound = true;
    TRY_VOID(items(method, std::move(request), [&](const Bytes& bytes) {
      Item item;
      is_sound = item.ParseFromString(bytes) && is_sound;
      if (is_sound) sink(item);
    }));
    if (!is_sound) return problem("the server's answer is malformed");
    return {};
  }

  /// Gives each line of `verify` or `dump` to `sink`.
  Outcome<void> lines(api::Method method, Bytes request, const Sink& sink) {
    return each<api::TextLine>(method, std::move(request), sink);
  }

 private:
  virtual Outcome<Bytes> exchange(api::Method method, Bytes request) = 0;
  virtual Outcome<void> items(api::Method method, Bytes request, const ItemSink& sink) = 0;
};

/// To the running server, or to the store when there is none.
Outcome<std::unique_ptr<OperatorLine>> open_operator_line(const Context& context);

/// One call that changes something: prints its warning, and its error is the outcome.
template <class Request>
Outcome<int> change(OperatorLine& line, api::Method method, const Request& request) {
  TRY(api::AdminResult result, line.call<api::AdminResult>(method, request));
  if (!result.done()) return problem(result.error());
  if (!result.warning().empty()) warn(result.warning());
  return k_done;
}

}  // namespace peregrine::cli
