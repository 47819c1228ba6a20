#include "net/tls_io.h"

namespace peregrine::net {

using Status = crypto::TlsConnection::Status;
using Outcome = std::expected<void, NetError>;

Task<Outcome> tls_wait(Stream& stream, Status status, Deadline deadline) {
  WaitResult wait = WaitResult::cancelled;
  if (status == Status::want_read) {
    wait = co_await stream.readable(deadline);
  } else if (status == Status::want_write) {
    wait = co_await stream.writable(deadline);
  } else {
    bool closed = status == Status::closed;
    co_return std::unexpected(closed ? NetError::closed : NetError::reset);
  }
  if (wait == WaitResult::ready) co_return Outcome{};
  bool late = wait == WaitResult::timed_out;
  co_return std::unexpected(late ? NetError::timed_out : NetError::cancelled);
}

Task<bool> tls_handshake(crypto::TlsConnection& tls, Stream& stream, Deadline deadline) {
  while (true) {
    auto result = tls.handshake();
    if (result.status == Status::done) co_return true;
    auto waited = co_await tls_wait(stream, result.status, deadline);
    if (!waited) co_return false;
  }
}

Task<std::expected<std::size_t, NetError>> tls_read(crypto::TlsConnection& tls, Stream& stream,
                                                    std::span<char> buffer, Deadline deadline) {
  while (true) {
    auto result = tls.read(buffer);
    if (result.status == Status::done) co_return result.size;
    auto waited = co_await tls_wait(stream, result.status, deadline);
    if (!waited) co_return std::unexpected(waited.error());
  }
}

Task<Outcome> tls_write(crypto::TlsConnection& tls, Stream& stream, BytesView data,
                        Deadline deadline) {
  while (!data.empty()) {
    auto result = tls.write(data);
    if (result.status == Status::done) {
      data.remove_prefix(result.size);
      continue;
    }
    auto waited = co_await tls_wait(stream, result.status, deadline);
    if (!waited) co_return std::unexpected(waited.error());
  }
  co_return Outcome{};
}

}  // namespace peregrine::net
