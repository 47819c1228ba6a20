#include "crypto/tls_service.h"

#include <algorithm>
#include <limits>
#include <openssl/err.h>
#include <optional>

#include "base/codec.h"
#include "crypto/pem.h"

namespace peregrine::crypto {
namespace {

using Shared = TlsService::Impl::Shared;

// The data of a ClientHello extension, or nothing when it is absent.
BytesView extension(SSL* ssl, unsigned kind) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, kind, &data, &size) != 1) return {};
  return {reinterpret_cast<const char*>(data), size};
}

// Cuts a vector with a length of `width` bytes off `rest`; a truncated one empties it.
BytesView take_vector(BytesView& rest, std::size_t width) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < width && i < rest.size(); ++i) {
    length = length << 8 | static_cast<unsigned char>(rest[i]);
  }
  if (rest.size() < width || rest.size() - width < length) {
    rest = {};
    return {};
  }
  BytesView out = rest.substr(width, length);
  rest.remove_prefix(width + length);
  return out;
}

// The host_name of a server_name extension. Malformed ones read as absent here; OpenSSL, which
// reads them again, ends the handshake.
BytesView offered_host(SSL* ssl) {
  BytesView data = extension(ssl, TLSEXT_TYPE_server_name);
  BytesView list = take_vector(data, 2);
  if (list.empty() || list[0] != TLSEXT_NAMETYPE_host_name) return {};
  list.remove_prefix(1);
  return take_vector(list, 2);
}

// The protocol that we choose of those that the client offers, in our order of preference.
std::optional<std::string> choose_alpn(const Shared& shared, BytesView offered) {
  for (const std::string& ours : shared.alpn) {
    for (BytesView rest = offered; !rest.empty();) {
      if (take_vector(rest, 1) == ours) return ours;
    }
  }
  return std::nullopt;
}

std::size_t find_identity(const Shared& shared, BytesView host) {
  std::string name = ascii_lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (auto it = shared.by_name.find(name); it != shared.by_name.end()) return it->second;
  // A wildcard stands for one whole left-most label.
  std::size_t dot = name.find('.');
  if (dot == std::string::npos) return 0;
  auto it = shared.by_name.find("*" + name.substr(dot));
  return it == shared.by_name.end() ? 0 : it->second;
}

// Runs before anything else of the ClientHello is looked at, a ticket included: a session is taken
// up again only under the service, certificate and application protocol of its first handshake.
int on_client_hello(SSL* ssl, int*, void* argument) {
  const Shared& shared = *static_cast<const Shared*>(argument);
  const auto& identity = shared.identities[find_identity(shared, offered_host(ssl))];
  BytesView alpn = extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation);
  std::string protocol = choose_alpn(shared, take_vector(alpn, 2)).value_or(std::string());
  Digest context =
      sha256(Encoder().bytes(shared.name).bytes(view(identity.fingerprint)).bytes(protocol).view());
  SSL_set_SSL_CTX(ssl, identity.context.get());
  SSL_set_session_id_context(ssl, context.data(), static_cast<unsigned>(context.size()));
  return SSL_CLIENT_HELLO_SUCCESS;
}

// Tells OpenSSL that the name was heeded, so that it keeps it for server_name().
int on_server_name(SSL*, int*, void*) {
  return SSL_TLSEXT_ERR_OK;
}

// A client that wants to speak another protocol, such as a browser that somebody sent here, is
// turned away with no_application_protocol (V15).
int on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
            unsigned in_size, void* argument) {
  const Shared& shared = *static_cast<const Shared*>(argument);
  BytesView offered(reinterpret_cast<const char*>(in), in_size);
  auto chosen = choose_alpn(shared, offered);
  if (!chosen) return SSL_TLSEXT_ERR_ALERT_FATAL;
  // The answer has to point at memory that outlives the call: ours does.
  auto ours = std::ranges::find(shared.alpn, *chosen);
  *out = reinterpret_cast<const unsigned char*>(ours->data());
  *out_size = static_cast<unsigned char>(ours->size());
  return SSL_TLSEXT_ERR_OK;
}

bool load_identity(SSL_CTX* context, const TlsIdentityPem& pem) {
  auto chain = read_chain(pem.chain);
  auto key = read_key(pem.key);
  if (!chain || !key || SSL_CTX_use_certificate(context, chain->front().get()) != 1) return false;
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key->get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
}

bool set_policy(SSL_CTX* context, const TlsServiceOptions& options) {
  int lowest = options.require_tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   // Many clients close without close_notify; no grammar of ours
                                   // acts on a command that was cut off.
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Resumption is by tickets alone: no client makes us remember anything.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version(context, lowest) == 1 &&
         SSL_CTX_set_num_tickets(context, 1) == 1 && SSL_CTX_set_max_early_data(context, 0) == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

ContextHandle make_context(const TlsServiceOptions& options, Shared& shared) {
  ContextHandle context(SSL_CTX_new(TLS_server_method()));
  if (!context || !set_policy(context.get(), options)) return nullptr;
  SSL_CTX_set_client_hello_cb(context.get(), on_client_hello, &shared);
  SSL_CTX_set_tlsext_servername_callback(context.get(), on_server_name);
  SSL_CTX_set_alpn_select_cb(context.get(), on_alpn, &shared);
  return context;
}

bool is_protocol_name(const std::string& name) {
  return !name.empty() && name.size() <= std::numeric_limits<unsigned char>::max();
}

}  // namespace

TlsService::TlsService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsService::TlsService(TlsService&&) noexcept = default;
TlsService& TlsService::operator=(TlsService&&) noexcept = default;
TlsService::~TlsService() = default;

std::expected<TlsService, TlsSetupError> TlsService::create(
    const TlsServiceOptions& options, const std::vector<TlsIdentityPem>& identities) {
  if (identities.empty()) return std::unexpected(TlsSetupError::no_identity);
  if (!std::ranges::all_of(options.alpn, is_protocol_name)) {
    return std::unexpected(TlsSetupError::library);
  }
  auto impl = std::make_unique<Impl>();
  impl->shared = std::make_shared<Shared>();
  Shared& shared = *impl->shared;
  shared.name = options.name;
  shared.alpn = options.alpn;
  for (const TlsIdentityPem& pem : identities) {
    ContextHandle context = make_context(options, shared);
    if (!context) return std::unexpected(TlsSetupError::library);
    auto facts = read_certificate(pem.chain, pem.key);
    if (!facts || !load_identity(context.get(), pem)) {
      ERR_clear_error();
      return std::unexpected(TlsSetupError::bad_certificate);
    }
    for (const std::string& name : facts->names) {
      shared.by_name.emplace(name, shared.identities.size());
    }
    shared.identities.push_back({std::move(context), facts->fingerprint});
  }
  return TlsService(std::move(impl));
}

}  // namespace peregrine::crypto
