#pragma once
// Typed calls for the workers: one line a call, made from the table in methods.h.
//
//   auto answer = co_await api::check_recipient(*channel, request, deadline_in(10s));

#include <expected>

#include "api/methods.h"
#include "rpc/channel.h"

namespace peregrine::api {

template <class Response>
net::Task<std::expected<Response, rpc::CallFailure>> call(std::shared_ptr<rpc::Channel> channel,
                                                          Method method, Bytes request,
                                                          Deadline deadline, sys::Fd descriptor) {
  auto answer = co_await channel->call(static_cast<std::uint16_t>(method), std::move(request),
                                       deadline, std::move(descriptor));
  if (!answer) co_return std::unexpected(answer.error());
  Response response;
  if (!response.ParseFromString(*answer)) co_return std::unexpected(rpc::CallFailure{});
  co_return response;
}

/// A stream of typed items; see rpc::ItemStream.
template <class Item>
class TypedStream {
 public:
  TypedStream(std::shared_ptr<rpc::Channel> channel, Method method, const Bytes& request)
      : items_(std::move(channel), static_cast<std::uint16_t>(method), request) {}

  net::Task<std::expected<std::optional<Item>, rpc::CallFailure>> next(Deadline deadline) {
    auto bytes = co_await items_.next(deadline);
    if (!bytes) co_return std::unexpected(bytes.error());
    if (!*bytes) co_return std::optional<Item>{};
    std::optional<Item> item(std::in_place);
    if (!item->ParseFromString(**bytes)) co_return std::unexpected(rpc::CallFailure{});
    co_return item;
  }
  void interrupt() { items_.interrupt(); }
  [[nodiscard]] bool has_next() const { return items_.has_next(); }

 private:
  rpc::ItemStream items_;
};

#define PEREGRINE_CLIENT_CALL(number, name, Request, Response, roles)                              \
  inline net::Task<std::expected<Response, rpc::CallFailure>> name(                                \
      std::shared_ptr<rpc::Channel> channel, const Request& request, Deadline deadline,            \
      sys::Fd descriptor = {}) {                                                                   \
    return call<Response>(std::move(channel), Method::name, request.SerializeAsString(), deadline, \
                          std::move(descriptor));                                                  \
  }
#define PEREGRINE_CLIENT_STREAM(number, name, Request, Item, roles)                              \
  inline TypedStream<Item> name(std::shared_ptr<rpc::Channel> channel, const Request& request) { \
    return TypedStream<Item>(std::move(channel), Method::name, request.SerializeAsString());     \
  }
PEREGRINE_CALLS(PEREGRINE_CLIENT_CALL, PEREGRINE_CLIENT_STREAM)
#undef PEREGRINE_CLIENT_CALL
#undef PEREGRINE_CLIENT_STREAM

/// True when the call was refused with `code`.
inline bool refused_with(const rpc::CallFailure& failure, ErrorCode code) {
  return failure.kind == rpc::CallFailure::Kind::refused &&
         failure.code == static_cast<std::uint16_t>(code);
}

}  // namespace peregrine::api
