#include "front/tls_io.h"

#include <array>

#include "net/gate.h"

namespace peregrine::front {
namespace {

using Status = crypto::TlsConnection::Status;

// A client that takes none of what it asked for is dropped after this long.
constexpr std::chrono::minutes k_write_patience{5};

// Shared by all connections: no view of it crosses a wait.
std::span<char> scratch() {
  static std::array<char, kib(16)> buffer;
  return buffer;
}

// client → worker.
net::Task<void> relay_up(crypto::TlsConnection& tls, net::Stream& client, net::Stream& pair) {
  Bytes kept;
  while (true) {
    auto result = tls.read(scratch());
    if (result.status != Status::done) {
      auto waited = co_await net::tls_wait(client, result.status, Deadline::max());
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
    auto rest = co_await net::tls_write(tls, client, kept, deadline_in(k_write_patience));
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
