#pragma once
// Call: one call while core serves it, as its handler sees it. The handlers themselves are declared
// here from the table of calls, one for each row:
//
//   net::Task<Answer<api::StatusResponse>> status(Core& core, Call& call, api::StatusRequest);
//
// A handler does its work and returns; the dispatcher (dispatch.h) has checked who calls before,
// and waits for the disk afterwards, before anything leaves. A handler of a stream sends its items
// itself, with send(), which waits as well.

#include <expected>
#include <memory>

#include "api/methods.h"
#include "core/authorize.h"
#include "model/ids.h"
#include "net/task.h"
#include "rpc/channel.h"
#include "store/store.h"

namespace peregrine::core {

class Core;

template <class T>
using Answer = std::expected<T, api::ErrorCode>;

/// One channel's other end, as long as the channel or a call on it lives.
struct Peer {
  Caller caller;
  std::uint32_t index = 0;  ///< of the process, among those of its role
  std::weak_ptr<rpc::Channel> channel;
  std::size_t held_bytes = 0;  ///< of the requests being served
  bool is_ending = false;      ///< it broke a rule, and gets no further answer
};

struct Call {
  std::shared_ptr<Peer> peer;  // owners: the channel's handler, and every call under way
  rpc::Request request;
  SessionId session;  ///< of a call that acts for one, with its account
  AccountId account;
  /// What the answer depends on besides the account and the directory.
  store::Sequence after;
};

/// Sends one item of a stream once what `call.account` holds now is on disk. False: the caller has
/// gone.
net::Task<bool> send(Core& core, Call& call, Bytes item);

/// What a stream of items is cut into, or little more.
inline constexpr std::size_t k_item_bytes = kib(120);

// clang-format off
#define PEREGRINE_CALL_HANDLER(number, name, Request, Response, roles) \
  net::Task<Answer<api::Response>> name(Core& core, Call& call, api::Request request);
#define PEREGRINE_STREAM_HANDLER(number, name, Request, Item, roles) \
  net::Task<Answer<void>> name(Core& core, Call& call, api::Request request);
PEREGRINE_CALLS(PEREGRINE_CALL_HANDLER, PEREGRINE_STREAM_HANDLER)
#undef PEREGRINE_CALL_HANDLER
#undef PEREGRINE_STREAM_HANDLER
// clang-format on

}  // namespace peregrine::core
