#pragma once
// Coroutines over crypto::TlsConnection and the socket it works on.

#include <expected>
#include <span>

#include "crypto/tls.h"
#include "net/gate.h"
#include "net/stream.h"

namespace peregrine::front {

/// False: failed, refused by the client, or too slow; the connection's error() says more.
net::Task<bool> tls_handshake(crypto::TlsConnection& tls, net::Stream& stream, Deadline deadline);

/// Decrypted bytes, at least one; `closed` at the end.
net::Task<std::expected<std::size_t, net::NetError>> tls_read(crypto::TlsConnection& tls,
                                                              net::Stream& stream,
                                                              std::span<char> buffer,
                                                              Deadline deadline);

/// Writes all of `data`, which must stay valid until the task is done.
net::Task<std::expected<void, net::NetError>> tls_write(crypto::TlsConnection& tls,
                                                        net::Stream& stream, BytesView data,
                                                        Deadline deadline);

/// Carries bytes both ways between the client and a worker's `pair` until one of them ends.
net::Task<void> tls_relay(net::Gate& gate, crypto::TlsConnection& tls, net::Stream& client,
                          net::Stream& pair);

}  // namespace peregrine::front
