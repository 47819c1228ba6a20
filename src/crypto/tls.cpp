#include "crypto/tls.h"

#include <map>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "crypto/openssl_handles.h"

namespace peregrine::crypto {

struct TlsService::Impl {
  // The callbacks of the contexts point here; connections share ownership until they end.
  struct Shared {
    std::string name;
    Bytes alpn_wire;  // length-prefixed names
    std::vector<ContextHandle> contexts;
    std::map<std::string, SSL_CTX*, std::less<>> by_name;
  };
  std::shared_ptr<Shared> shared;  // owners: the service and every connection made from it
};

struct TlsConnection::Impl {
  std::shared_ptr<TlsService::Impl::Shared> shared;
  SslHandle ssl;
};

namespace {

using Shared = TlsService::Impl::Shared;

SSL_CTX* find_context(const Shared& shared, std::string_view host) {
  std::string name = ascii_lower(host);
  if (auto it = shared.by_name.find(name); it != shared.by_name.end()) return it->second;
  // RFC 6125 section 6.4.3: a wildcard stands for one whole left-most label.
  std::size_t dot = name.find('.');
  if (dot == std::string::npos) return nullptr;
  auto it = shared.by_name.find("*" + name.substr(dot));
  return it == shared.by_name.end() ? nullptr : it->second;
}

int choose_certificate(SSL* ssl, int*, void* argument) {
  const Shared& shared = *static_cast<const Shared*>(argument);
  const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
  if (SSL_CTX* context = find_context(shared, host)) SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

// RFC 7301 section 3.2: a client that offers only protocols that are not ours is refused (V15).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void* argument) {
  const Bytes& ours = static_cast<const Shared*>(argument)->alpn_wire;
  int status = SSL_select_next_proto(const_cast<unsigned char**>(out), out_size,
                                     reinterpret_cast<const unsigned char*>(ours.data()),
                                     static_cast<unsigned int>(ours.size()), in, in_size);
  return status == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool load_identity(SSL_CTX* context, const TlsIdentityPem& identity) {
  BioHandle chain = bio_of(identity.chain);
  X509Handle leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
  while (X509Handle next{PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return false;
    static_cast<void>(next.release());
  }
  ERR_clear_error();
  BioHandle key_text = bio_of(identity.key);
  KeyHandle key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

ContextHandle make_context(const TlsServiceOptions& options, Shared& shared) {
  ContextHandle context(SSL_CTX_new(TLS_server_method()));
  if (!context) return nullptr;
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, options.require_tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                             SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(c, 1);
  SSL_CTX_set_max_early_data(c, 0);
  if (SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) return nullptr;
  if (SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") != 1) return nullptr;
  // Ticket keys are random for each context, and the session context names the service: a ticket
  // of one service is not taken by another (V16).
  Digest id = sha256("peregrine tls session context " + options.name);
  SSL_CTX_set_session_id_context(c, id.data(), static_cast<unsigned int>(id.size()));
  SSL_CTX_set_tlsext_servername_callback(c, choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(c, &shared);
  if (!shared.alpn_wire.empty()) SSL_CTX_set_alpn_select_cb(c, choose_protocol, &shared);
  return context;
}

}  // namespace

TlsService::TlsService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsService::TlsService(TlsService&&) noexcept = default;
TlsService& TlsService::operator=(TlsService&&) noexcept = default;
TlsService::~TlsService() = default;

std::expected<TlsService, TlsSetupError> TlsService::create(
    const TlsServiceOptions& options, const std::vector<TlsIdentityPem>& identities) {
  if (identities.empty()) return std::unexpected(TlsSetupError::no_identity);
  auto impl = std::make_unique<Impl>();
  impl->shared = std::make_shared<Shared>();
  Shared& shared = *impl->shared;
  shared.name = options.name;
  for (const std::string& protocol : options.alpn) {
    shared.alpn_wire.push_back(static_cast<char>(protocol.size()));
    shared.alpn_wire += protocol;
  }
  for (const TlsIdentityPem& identity : identities) {
    ContextHandle context = make_context(options, shared);
    if (!context) return std::unexpected(TlsSetupError::library);
    auto facts = read_certificate(identity.chain, identity.key);
    if (!facts || !load_identity(context.get(), identity)) {
      return std::unexpected(TlsSetupError::bad_certificate);
    }
    for (const std::string& name : facts->names) shared.by_name.emplace(name, context.get());
    shared.contexts.push_back(std::move(context));
  }
  return TlsService(std::move(impl));
}

TlsConnection::TlsConnection(const TlsService& service, int fd) : impl_(std::make_unique<Impl>()) {
  impl_->shared = service.impl().shared;
  impl_->ssl.reset(SSL_new(impl_->shared->contexts.front().get()));
  if (!impl_->ssl) return;
  SSL_set_fd(impl_->ssl.get(), fd);
  SSL_set_accept_state(impl_->ssl.get());
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
  unsigned long code = ERR_peek_error();
  if (const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr) error_ = reason;
  if (error_.empty()) error_ = "connection closed";
  ERR_clear_error();
  return {Status::failed};
}

TlsConnection::Result TlsConnection::handshake() {
  if (!impl_->ssl) return {Status::failed};
  ERR_clear_error();
  int returned = SSL_do_handshake(impl_->ssl.get());
  return returned == 1 ? Result{Status::done} : outcome(returned);
}

TlsConnection::Result TlsConnection::read(std::span<char> buffer) {
  ERR_clear_error();
  std::size_t size = 0;
  int returned = SSL_read_ex(impl_->ssl.get(), buffer.data(), buffer.size(), &size);
  return returned == 1 ? Result{Status::done, size} : outcome(returned);
}

TlsConnection::Result TlsConnection::write(BytesView data) {
  if (data.empty()) return {Status::done, 0};
  ERR_clear_error();
  std::size_t size = 0;
  int returned = SSL_write_ex(impl_->ssl.get(), data.data(), data.size(), &size);
  return returned == 1 ? Result{Status::done, size} : outcome(returned);
}

void TlsConnection::shutdown() {
  if (!impl_->ssl || SSL_is_init_finished(impl_->ssl.get()) == 0) return;
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

std::string TlsConnection::server_name() const {
  const char* host = SSL_get_servername(impl_->ssl.get(), TLSEXT_NAMETYPE_host_name);
  return host == nullptr ? std::string() : std::string(host);
}

Bytes TlsConnection::exporter() const {
  // RFC 9266 section 4.2: label "EXPORTER-Channel-Binding", empty context, 32 bytes.
  static constexpr std::string_view k_label = "EXPORTER-Channel-Binding";
  Bytes out(32, '\0');
  int status =
      SSL_export_keying_material(impl_->ssl.get(), reinterpret_cast<unsigned char*>(out.data()),
                                 out.size(), k_label.data(), k_label.size(), nullptr, 0, 1);
  return status == 1 ? out : Bytes();
}

}  // namespace peregrine::crypto
