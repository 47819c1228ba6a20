#pragma once
// ClientStream: the bytes to and from another server, in clear and from some point on in TLS.

#include <memory>
#include <optional>

#include "crypto/tls_client.h"
#include "net/stream.h"
#include "net/tls_io.h"

namespace peregrine::courier {

class ClientStream {
 public:
  explicit ClientStream(net::Stream stream) : stream_(std::move(stream)) {}

  net::Task<std::expected<std::size_t, net::NetError>> read(std::span<char> buffer,
                                                            Deadline deadline) {
    if (tls_) return net::tls_read(*tls_, stream_, buffer, deadline);
    return stream_.read(buffer, deadline);
  }
  /// Writes all of `data`, which must stay valid until the task is done.
  net::Task<std::expected<void, net::NetError>> write(BytesView data, Deadline deadline) {
    if (tls_) return net::tls_write(*tls_, stream_, data, deadline);
    return stream_.write(data, deadline);
  }
  /// False when the handshake or its proof failed, see tls()->error(); the stream is then spent.
  net::Task<bool> start_tls(const crypto::TlsClient& client, const crypto::TlsTarget& target,
                            Deadline deadline) {
    tls_.emplace(client.connect(target, stream_.fd()));
    return net::tls_handshake(*tls_, stream_, deadline);
  }
  /// Await it: the peer has sent something, or has closed.
  [[nodiscard]] net::WaitFor readable(Deadline deadline) { return stream_.readable(deadline); }
  /// Ends present waits.
  void cancel() { stream_.cancel(); }
  /// Says goodbye in TLS if that needs no wait.
  void close() {
    if (tls_) tls_->shutdown();
  }
  [[nodiscard]] const std::optional<crypto::TlsConnection>& tls() const { return tls_; }
  [[nodiscard]] int fd() const { return stream_.fd(); }

 private:
  net::Stream stream_;
  std::optional<crypto::TlsConnection> tls_;
};

}  // namespace peregrine::courier
