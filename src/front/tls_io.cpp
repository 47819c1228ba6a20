#include "front/tls_io.h"

#include <array>

#include "net/gate.h"

namespace peregrine::front {
namespace {

using Status = crypto::TlsConnection::Status;
using Outcome = std::expected<void, net::NetError>;

// A client that takes none of what it asked for is dropped after this long.
constexpr std::chrono::minutes k_write_patience{5};

// Shared by all connections: no view of it crosses a wait.
std::span<char> scratch() {
  static std::array<char, kib(16)> buffer;
  return buffer;
}

net::Task<Outcome> wait_for(net::Stream& stream, Status status, Deadline deadline) {
  net::WaitResult wait = net::WaitResult::cancelled;
  if (status == Status::want_read) {
    wait = co_await stream.readable(deadline);
  } else if (status == Status::want_write) {
    wait = co_await stream.writable(deadline);
  } else {
    bool closed = status == Status::closed;
    co_return std::unexpected(closed ? net::NetError::closed : net::NetError::reset);
  }
  if (wait == net::WaitResult::ready) co_return Outcome{};
  bool late = wait == net::WaitResult::timed_out;
  co_return std::unexpected(late ? net::NetError::timed_out : net::NetError::cancelled);
}

// client → worker.
net::Task<void> relay_up(crypto::TlsConnection& tls, net::Stream& client, net::Stream& pair) {
  Bytes kept;
  while (true) {
    auto result = tls.read(scratch());
    if (result.status != Status::done) {
      auto waited = co_await wait_for(client, result.status, Deadline::max());
      if (!waited) break;
      continue;
    }
    BytesView data(scratch().data(), result.size);
    auto written = pair.try_write(data);
    if (!written) break;
    if (*written == data.size()) continue;
    kept.assign(data.substr(*written));
    auto rest = co_await pair.write(kept, Deadline::max());
    if (!rest) break;
    Bytes().swap(kept);
  }
  pair.shutdown_write();
}

// worker → client.
net::Task<void> relay_down(crypto::TlsConnection& tls, net::Stream& client, net::Stream& pair) {
  Bytes kept;
  while (true) {
    auto result = pair.try_read(scratch());
    if (result.kind == net::Stream::Read::would_block) {
      net::WaitResult wait = co_await pair.readable(Deadline::max());
      if (wait != net::WaitResult::ready) break;
      continue;
    }
    if (result.kind != net::Stream::Read::data) break;
    BytesView data(scratch().data(), result.size);
    auto written = tls.write(data);
    if (written.status == Status::done && written.size == data.size()) continue;
    kept.assign(data.substr(written.status == Status::done ? written.size : 0));
    auto rest = co_await tls_write(tls, client, kept, deadline_in(k_write_patience));
    if (!rest) break;
    Bytes().swap(kept);
  }
  tls.shutdown();
}

net::Task<void> relay_up_then_tell(crypto::TlsConnection& tls, net::Stream& client,
                                   net::Stream& pair, net::Event& done) {
  co_await relay_up(tls, client, pair);
  done.notify();
}

}  // namespace

net::Task<bool> tls_handshake(crypto::TlsConnection& tls, net::Stream& stream, Deadline deadline) {
  while (true) {
    auto result = tls.handshake();
    if (result.status == Status::done) co_return true;
    auto waited = co_await wait_for(stream, result.status, deadline);
    if (!waited) co_return false;
  }
}

net::Task<std::expected<std::size_t, net::NetError>> tls_read(crypto::TlsConnection& tls,
                                                              net::Stream& stream,
                                                              std::span<char> buffer,
                                                              Deadline deadline) {
  while (true) {
    auto result = tls.read(buffer);
    if (result.status == Status::done) co_return result.size;
    auto waited = co_await wait_for(stream, result.status, deadline);
    if (!waited) co_return std::unexpected(waited.error());
  }
}

net::Task<std::expected<void, net::NetError>> tls_write(crypto::TlsConnection& tls,
                                                        net::Stream& stream, BytesView data,
                                                        Deadline deadline) {
  while (!data.empty()) {
    auto result = tls.write(data);
    if (result.status == Status::done) {
      data.remove_prefix(result.size);
      continue;
    }
    auto waited = co_await wait_for(stream, result.status, deadline);
    if (!waited) co_return std::unexpected(waited.error());
  }
  co_return Outcome{};
}

net::Task<void> tls_relay(net::Gate& gate, crypto::TlsConnection& tls, net::Stream& client,
                          net::Stream& pair) {
  net::Event up_done(gate.loop());
  gate.spawn(relay_up_then_tell(tls, client, pair, up_done));
  co_await relay_down(tls, client, pair);
  // The worker is done; what the client still sends has no reader.
  client.cancel();
  pair.cancel();
  static_cast<void>(co_await up_done.wait(Deadline::max()));
}

}  // namespace peregrine::front
