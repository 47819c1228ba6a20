#pragma once
// Connecting to one of a host's addresses: the next one is tried a quarter of a second after the
// one before, or at once when that failed; the first to answer wins. RFC 8305.

#include <expected>
#include <vector>

#include "courier/failure.h"
#include "net/gate.h"
#include "net/stream.h"
#include "sys/sockets.h"

namespace peregrine::courier {

struct Connected {
  net::Stream stream;
  sys::SocketAddress address;
};

/// Attempts that lose run to their end in `gate`.
net::Task<std::expected<Connected, Failure>> connect_to_any(
    net::Gate& gate, std::vector<sys::SocketAddress> addresses, sys::SocketAddress source,
    std::chrono::milliseconds patience);

}  // namespace peregrine::courier
