#pragma once
// Coroutines over crypto::TlsConnection and the socket it works on, on either side of it.

#include <expected>
#include <span>

#include "crypto/tls.h"
#include "net/stream.h"

namespace peregrine::net {

/// Waits for what a call of TlsConnection said it wants; an error for every other status.
Task<std::expected<void, NetError>> tls_wait(Stream& stream, crypto::TlsConnection::Status status,
                                             Deadline deadline);

/// False: failed, refused by the peer, or too slow; the connection's error() says more.
Task<bool> tls_handshake(crypto::TlsConnection& tls, Stream& stream, Deadline deadline);

/// Decrypted bytes, at least one; `closed` at the end.
Task<std::expected<std::size_t, NetError>> tls_read(crypto::TlsConnection& tls, Stream& stream,
                                                    std::span<char> buffer, Deadline deadline);

/// Writes all of `data`, which must stay valid until the task is done.
Task<std::expected<void, NetError>> tls_write(crypto::TlsConnection& tls, Stream& stream,
                                              BytesView data, Deadline deadline);

}  // namespace peregrine::net
