#pragma once
// dispatch: the one way from a frame of another process to a handler. Everything about the frame is
// hostile. In this order: may this role make the call, can the request be decoded, is the session
// this channel's own; then the handler; then the wait for the disk; then the answer.
//
// Who calls beyond its row, or sends what cannot be decoded, has been subverted or is broken: it is
// refused, logged, and its channel ends. A session that is not there is only refused, since it may
// have ended meanwhile.

#include <memory>

#include "core/call.h"

namespace peregrine::core {

/// Requests that one peer may have under way, in bytes; more are refused with `limit`.
inline constexpr std::size_t k_most_held = mib(32);

void dispatch(Core& core, const std::shared_ptr<Peer>& peer, rpc::Request request);

}  // namespace peregrine::core
