#include "crypto/tls.h"

#include <openssl/err.h>

#include "crypto/tls_connection.h"
#include "crypto/tls_service.h"

namespace peregrine::crypto {

TlsConnection::TlsConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TlsConnection::TlsConnection(const TlsService& service, int fd) : impl_(std::make_unique<Impl>()) {
  const auto& shared = service.impl().shared;
  impl_->kept = shared;
  impl_->ssl.reset(SSL_new(shared->identities.front().context.get()));
  impl_->broken = !impl_->ssl || SSL_set_fd(impl_->ssl.get(), fd) != 1;
  if (!impl_->broken) SSL_set_accept_state(impl_->ssl.get());
}

TlsConnection::~TlsConnection() = default;
TlsConnection::TlsConnection(TlsConnection&&) noexcept = default;

TlsConnection::Result TlsConnection::outcome(int returned) {
  switch (SSL_get_error(impl_->ssl.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return {Status::want_read};
    case SSL_ERROR_WANT_WRITE:
      return {Status::want_write};
    case SSL_ERROR_ZERO_RETURN:
      return {Status::closed};
    default:
      break;
  }
  impl_->broken = true;
  unsigned long code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  // Of a peer's certificate: why it was not believed.
  long verdict = SSL_get_verify_result(impl_->ssl.get());
  if (verdict != X509_V_OK) reason = X509_verify_cert_error_string(verdict);
  error_ = reason != nullptr ? reason : "connection closed";
  ERR_clear_error();
  return {Status::failed};
}

TlsConnection::Result TlsConnection::handshake() {
  if (impl_->broken) return {Status::failed};
  ERR_clear_error();
  int returned = SSL_do_handshake(impl_->ssl.get());
  return returned == 1 ? Result{Status::done} : outcome(returned);
}

TlsConnection::Result TlsConnection::read(std::span<char> buffer) {
  if (impl_->broken) return {Status::failed};
  ERR_clear_error();
  std::size_t size = 0;
  int returned = SSL_read_ex(impl_->ssl.get(), buffer.data(), buffer.size(), &size);
  return returned == 1 ? Result{Status::done, size} : outcome(returned);
}

TlsConnection::Result TlsConnection::write(BytesView data) {
  if (impl_->broken) return {Status::failed};
  if (data.empty()) return {Status::done, 0};
  ERR_clear_error();
  std::size_t size = 0;
  int returned = SSL_write_ex(impl_->ssl.get(), data.data(), data.size(), &size);
  return returned == 1 ? Result{Status::done, size} : outcome(returned);
}

void TlsConnection::shutdown() {
  if (impl_->broken || SSL_is_init_finished(impl_->ssl.get()) == 0) return;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

std::string TlsConnection::version() const {
  return SSL_get_version(impl_->ssl.get());
}
std::string TlsConnection::cipher() const {
  return SSL_get_cipher_name(impl_->ssl.get());
}
bool TlsConnection::is_resumed() const {
  return SSL_session_reused(impl_->ssl.get()) == 1;
}

bool TlsConnection::is_verified() const {
  SSL* ssl = impl_->ssl.get();
  return SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) == X509_V_OK &&
         SSL_is_init_finished(ssl) != 0;
}

std::string TlsConnection::server_name() const {
  const char* host = SSL_get_servername(impl_->ssl.get(), TLSEXT_NAMETYPE_host_name);
  return host == nullptr ? std::string() : std::string(host);
}

std::string TlsConnection::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

Bytes TlsConnection::exporter() const {
  SSL* ssl = impl_->ssl.get();
  if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return {};
  // RFC 9266 fixes the label, a context of no bytes, and 32 bytes of output.
  static constexpr std::string_view k_label = "EXPORTER-Channel-Binding";
  Bytes out(32, '\0');
  int status =
      SSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                 k_label.data(), k_label.size(), nullptr, 0, 1);
  return status == 1 ? out : Bytes();
}

Bytes TlsConnection::server_end_point() const {
  X509* certificate = SSL_get_certificate(impl_->ssl.get());
  int digest_id = NID_undef;
  if (certificate == nullptr ||
      X509_get_signature_info(certificate, &digest_id, nullptr, nullptr, nullptr) != 1) {
    return {};
  }
  // RFC 5929 section 4.1: the hash of the signature, but SHA-256 in place of MD5 and SHA-1, and
  // nothing where the signature uses no hash, or more than one.
  if (digest_id == NID_md5 || digest_id == NID_sha1) digest_id = NID_sha256;
  const EVP_MD* digest = EVP_get_digestbynid(digest_id);
  if (digest == nullptr) return {};
  Bytes out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (X509_digest(certificate, digest, reinterpret_cast<unsigned char*>(out.data()), &size) != 1) {
    return {};
  }
  out.resize(size);
  return out;
}

}  // namespace peregrine::crypto
