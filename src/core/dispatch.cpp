#include "core/dispatch.h"

#include <algorithm>
#include <type_traits>

#include "base/log.h"
#include "core/core.h"

namespace peregrine::core {
namespace {

/// Counts a request's size against its peer while it is served.
class Held {
 public:
  Held(std::shared_ptr<Peer> peer, std::size_t bytes) : peer_(std::move(peer)), bytes_(bytes) {
    peer_->held_bytes += bytes_;
  }
  ~Held() { peer_->held_bytes -= bytes_; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::shared_ptr<Peer> peer_;  // owners: see Call
  std::size_t bytes_;
};

void end_channel(Core& core, const std::shared_ptr<Peer>& peer, std::uint16_t method,
                 std::string_view reason) {
  ++core.calls_refused;
  peer->is_ending = true;
  log_event(LogLevel::error, "core.call_refused",
            {{"role", role_name(peer->caller.role)},
             {"channel", peer->caller.channel},
             {"method", method},
             {"reason", reason}});
  bool is_worker = peer->caller.role != Role::admin;
  if (is_worker && core.refused) core.refused(peer->caller.role, peer->index);
  // After the refusal has been written.
  core.loop.post([peer] {
    if (auto open = peer->channel.lock()) open->close();
  });
}

void refuse(Core& core, Call& call, api::ErrorCode code) {
  std::uint16_t method = call.request.method();
  call.request.fail(static_cast<std::uint16_t>(code), "");
  if (code == api::ErrorCode::malformed) end_channel(core, call.peer, method, "malformed");
}

net::Task<void> wait_for_disk(Core& core, Call& call) {
  store::Sequence sequence = std::max(call.after, core.model.directory->last_sequence());
  if (!call.account.is_none()) sequence = std::max(sequence, core.sequence_of(call.account));
  co_await core.durability.until(sequence);
}

template <class Request, class Response>
net::Task<void> serve_call(Core& core, Call call, Request request, std::size_t size,
                           net::Task<Answer<Response>> (*handler)(Core&, Call&, Request)) {
  Held held(call.peer, size);
  Answer<Response> answer = co_await handler(core, call, std::move(request));
  core.settle();
  co_await wait_for_disk(core, call);
  ++core.calls_served;
  if (!answer) {
    refuse(core, call, answer.error());
    co_return;
  }
  Bytes response = answer->SerializeAsString();
  if (response.size() > rpc::k_max_answer) {
    refuse(core, call, api::ErrorCode::limit);
  } else {
    call.request.respond(response);
  }
}

template <class Request>
net::Task<void> serve_stream(Core& core, Call call, Request request, std::size_t size,
                             net::Task<Answer<void>> (*handler)(Core&, Call&, Request)) {
  Held held(call.peer, size);
  Answer<void> answer = co_await handler(core, call, std::move(request));
  core.settle();
  ++core.calls_served;
  if (!answer) {
    refuse(core, call, answer.error());
  } else {
    call.request.finish();
  }
}

template <class Request, class Handler>
void start(Core& core, Call call, Handler handler) {
  std::size_t size = call.request.payload().size();
  if (call.peer->held_bytes + size > k_most_held) return refuse(core, call, api::ErrorCode::limit);
  Request request;
  if (!request.ParseFromString(call.request.payload())) {
    return refuse(core, call, api::ErrorCode::malformed);
  }
  call.request.drop_payload();
  if constexpr (subject_of<Request>() == Subject::session) {
    call.session = SessionId(request.session());
    auto account = core.sessions.account_of(call.session, call.peer->caller.channel);
    if (!account) return refuse(core, call, api::ErrorCode::not_authorized);
    call.account = *account;
  }
  if constexpr (std::is_invocable_r_v<net::Task<Answer<void>>, Handler, Core&, Call&, Request>) {
    core.gate.spawn(
        serve_stream<Request>(core, std::move(call), std::move(request), size, handler));
  } else {
    core.gate.spawn(serve_call(core, std::move(call), std::move(request), size, handler));
  }
}

}  // namespace

net::Task<bool> send(Core& core, Call& call, Bytes item) {
  co_await wait_for_disk(core, call);
  if (call.request.is_cancelled()) co_return false;
  bool sent = co_await call.request.send_item(item);
  co_return sent;
}

void dispatch(Core& core, const std::shared_ptr<Peer>& peer, rpc::Request request) {
  if (peer->is_ending) return;
  std::uint16_t method = request.method();
  Call call{peer, std::move(request), {}, {}, {}};
  if (!may_call(peer->caller.role, method)) {
    call.request.fail(static_cast<std::uint16_t>(api::ErrorCode::not_authorized), "");
    return end_channel(core, peer, method, "not this role's call");
  }
  if (core.is_stopping) return refuse(core, call, api::ErrorCode::dropped);
  switch (static_cast<api::Method>(method)) {
#define PEREGRINE_START(number, name, Request, Response, roles) \
  case api::Method::name:                                       \
    return start<api::Request>(core, std::move(call), &name);
    PEREGRINE_CALLS(PEREGRINE_START, PEREGRINE_START)
#undef PEREGRINE_START
  }
}

}  // namespace peregrine::core
