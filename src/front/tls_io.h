#pragma once
// What front does with a client's TLS connection beyond net/tls_io.h.

#include "net/gate.h"
#include "net/tls_io.h"

namespace peregrine::front {

/// Carries bytes both ways between the client and a worker's `pair` until one of them ends.
net::Task<void> tls_relay(net::Gate& gate, crypto::TlsConnection& tls, net::Stream& client,
                          net::Stream& pair);

}  // namespace peregrine::front
