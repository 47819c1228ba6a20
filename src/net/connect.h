#pragma once
// Connecting to another host by TCP: one address with a deadline.

#include <expected>

#include "net/stream.h"
#include "sys/sockets.h"

namespace peregrine::net {

/// A connected stream, or errno: ETIMEDOUT also when the deadline passed, ECANCELED never. `source`
/// of another family than the peer, or none, leaves the choice to the system.
Task<std::expected<Stream, int>> connect_tcp(Loop& loop, sys::SocketAddress peer,
                                             sys::SocketAddress source, Deadline deadline);

}  // namespace peregrine::net
