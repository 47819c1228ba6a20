#include "crypto/tls_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/tls_connection.h"

namespace peregrine::crypto {

struct TlsClient::Impl {
  ContextHandle context;
  std::size_t authorities = 0;
};

namespace {

constexpr std::size_t k_sha256_size = 32;
constexpr std::size_t k_sha512_size = 64;

bool is_ip(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

bool set_policy(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   // Mail servers close without close_notify; a reply that was cut
                                   // off is none.
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_dane_enable(context) == 1 &&
         SSL_CTX_dane_mtype_set(context, EVP_sha512(), 2, 2) == 1;
}

std::size_t add_authorities(SSL_CTX* context, BytesView pem) {
  BioHandle bio = bio_of(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  std::size_t count = 0;
  while (X509Handle each{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(store, each.get()) == 1) ++count;
  }
  ERR_clear_error();
  return count;
}

bool require_name(SSL* ssl, const TlsTarget& target) {
  if (target.names.empty()) return false;
  if (is_ip(target.names.front())) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), target.names.front().c_str()) == 1;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return std::ranges::all_of(
      target.names, [&](const std::string& name) { return SSL_add1_host(ssl, name.c_str()) == 1; });
}

bool require_dane(SSL* ssl, const TlsTarget& target) {
  if (SSL_dane_enable(ssl, target.host.c_str()) != 1) return false;
  // RFC 7672 section 3.1.1: with DANE-EE neither names nor dates of the certificate count.
  SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  // RFC 7672 section 3.2.2: with DANE-TA the name is the TLSA base domain or the next hop's.
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  for (const std::string& name : target.names) {
    if (SSL_add1_host(ssl, name.c_str()) != 1) return false;
  }
  bool any = false;
  for (const DaneRecord& record : target.records) {
    if (!is_usable(record)) continue;
    int added = SSL_dane_tlsa_add(ssl, record.usage, record.selector, record.matching,
                                  reinterpret_cast<const unsigned char*>(record.data.data()),
                                  record.data.size());
    any = any || added == 1;
  }
  ERR_clear_error();
  return any;
}

bool set_target(SSL* ssl, const TlsTarget& target) {
  if (!is_ip(target.host) && SSL_set_tlsext_host_name(ssl, target.host.c_str()) != 1) return false;
  if (!target.alpn.empty()) {
    std::string wire = static_cast<char>(target.alpn.size()) + target.alpn;
    if (SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size())) != 0) {
      return false;
    }
  }
  if (target.proof == TlsProof::none) {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    SSL_set_security_level(ssl, 1);
    return true;
  }
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  return target.proof == TlsProof::name ? require_name(ssl, target) : require_dane(ssl, target);
}

}  // namespace

bool is_usable(const DaneRecord& record) {
  if ((record.usage != 2 && record.usage != 3) || record.selector > 1) return false;
  if (record.matching == 1) return record.data.size() == k_sha256_size;
  if (record.matching == 2) return record.data.size() == k_sha512_size;
  return record.matching == 0 && !record.data.empty();
}

TlsClient::TlsClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;
TlsClient::~TlsClient() = default;

std::expected<TlsClient, TlsSetupError> TlsClient::create(BytesView authorities_pem) {
  auto impl = std::make_shared<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_client_method()));
  if (!impl->context || !set_policy(impl->context.get())) {
    return std::unexpected(TlsSetupError::library);
  }
  impl->authorities = add_authorities(impl->context.get(), authorities_pem);
  return TlsClient(std::move(impl));
}

std::size_t TlsClient::authorities() const {
  return impl_->authorities;
}

TlsConnection TlsClient::connect(const TlsTarget& target, int fd) const {
  auto impl = std::make_unique<TlsConnection::Impl>();
  impl->kept = impl_;
  impl->ssl.reset(SSL_new(impl_->context.get()));
  SSL* ssl = impl->ssl.get();
  impl->broken = ssl == nullptr || SSL_set_fd(ssl, fd) != 1 || !set_target(ssl, target);
  if (!impl->broken) SSL_set_connect_state(ssl);
  return TlsConnection(std::move(impl));
}

}  // namespace peregrine::crypto
