#pragma once
// TLS over a non-blocking socket, driven by readiness: each call does what it can and
// says what it waits for. TLS 1.2 and 1.3, forward-secret AEAD suites, no renegotiation, no
// compression, no early data. OpenSSL's buffers are released while a connection is idle.
//
// tls_client.h makes connections to other servers.
//
// One TlsService for each service: its tickets are worthless to every other service, under another
// certificate and under another application protocol (V16). Making it anew, as a reload does,
// draws new ticket keys.

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace peregrine::crypto {

struct TlsIdentityPem {
  BytesView chain;
  BytesView key;
};

struct TlsServiceOptions {
  std::string name;  ///< of the service: binds the tickets
  /// A client that offers application protocols must offer one of these; one that offers none is
  /// welcome. Empty: any offer is refused.
  std::vector<std::string> alpn;
  bool require_tls_1_3 = false;
};

enum class TlsSetupError : std::uint8_t { no_identity, bad_certificate, library };

class TlsService {
 public:
  struct Impl;

  /// The first identity serves clients that name no host or one that no certificate covers.
  static std::expected<TlsService, TlsSetupError> create(
      const TlsServiceOptions& options, const std::vector<TlsIdentityPem>& identities);
  explicit TlsService(std::unique_ptr<Impl> impl);
  TlsService(TlsService&&) noexcept;
  TlsService& operator=(TlsService&&) noexcept;
  ~TlsService();
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

class TlsConnection {
 public:
  struct Impl;
  enum class Status : std::uint8_t { done, want_read, want_write, closed, failed };
  struct Result {
    Status status = Status::done;
    std::size_t size = 0;  ///< bytes read or written, of Status::done
  };

  /// `fd` stays the caller's and must outlive this. The service may go: what is needed is kept.
  TlsConnection(const TlsService& service, int fd);
  explicit TlsConnection(std::unique_ptr<Impl> impl);
  ~TlsConnection();
  TlsConnection(TlsConnection&&) noexcept;

  Result handshake();
  Result read(std::span<char> buffer);
  /// After want_read or want_write, call again with the same bytes in front.
  Result write(BytesView data);
  /// Sends close_notify if the socket takes it.
  void shutdown();

  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string cipher() const;
  /// Of a connection that we made: the other end proved to be who was asked for.
  [[nodiscard]] bool is_verified() const;
  [[nodiscard]] std::string server_name() const;
  /// The application protocol agreed upon; empty when the client offered none.
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] bool is_resumed() const;
  /// The tls-exporter channel binding of RFC 9266, 32 bytes; empty where it would not be unique:
  /// TLS 1.2 without the extended master secret.
  [[nodiscard]] Bytes exporter() const;
  /// The tls-server-end-point channel binding of RFC 5929: a hash of the certificate that was
  /// served; empty where it is undefined, as for one signed with Ed25519.
  [[nodiscard]] Bytes server_end_point() const;
  /// Why the last call failed, for the log.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  Result outcome(int returned);
  std::unique_ptr<Impl> impl_;
  std::string error_;
};

}  // namespace peregrine::crypto
