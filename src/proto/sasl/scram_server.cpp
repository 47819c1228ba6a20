// The server's side of one exchange of SCRAM-SHA-1, SCRAM-SHA-256 and their -PLUS forms. What
// needs keys is asked of somebody else; what protects the client from a man in the middle is
// checked here, where the TLS connection is known.

#include "base/secret.h"
#include "proto/sasl/scram.h"
#include "text/base64.h"

namespace peregrine::sasl {
namespace {

class ScramServer final : public Server {
 public:
  ScramServer(crypto::ScramHash hash, bool is_plus, const Context& context)
      : hash_(hash), is_plus_(is_plus), context_(context) {}

  // RFC 5802 section 5: the client speaks first.
  Step start() override { return Challenge{}; }

  Step respond(BytesView message) override {
    switch (stage_) {
      case Stage::first:
        return take_first(message);
      case Stage::proof:
        return take_final(message);
      case Stage::end:
        stage_ = Stage::over;
        // RFC 4954 section 4: the client answers the last challenge with nothing.
        if (message.empty()) return Finished{};
        return SaslError::malformed;
      default:
        return SaslError::malformed;
    }
  }

  Step resume(BytesView answer) override {
    if (stage_ == Stage::asks_salt) return take_server_first(answer);
    if (stage_ != Stage::asks_verdict) return SaslError::malformed;
    stage_ = Stage::end;
    return Challenge{"v=" + text::base64_encode(answer)};
  }

 private:
  enum class Stage : std::uint8_t { first, asks_salt, proof, asks_verdict, end, over };

  Step take_first(BytesView message) {
    stage_ = Stage::over;
    auto first = parse_client_first(message);
    if (!first) return first.error();
    auto binding = binding_for(*first);
    if (!binding) return SaslError::bad_binding;
    expected_binding_ = first->gs2_header + *binding;
    nonce_ = first->nonce;
    stage_ = Stage::asks_salt;
    return ScramStart{hash_, std::move(first->authorization_id),
                      std::move(first->authentication_id), std::move(first->nonce),
                      std::move(first->bare)};
  }

  /// The binding's data; nothing when the client must be refused.
  std::optional<Bytes> binding_for(const ClientFirst& first) const {
    if (first.binding != Binding::used) {
      // RFC 5802 section 6: a client that can bind and believes that we cannot has been lied to.
      bool is_lied_to = first.binding == Binding::not_offered && context_.has_binding();
      if (is_plus_ || is_lied_to) return std::nullopt;
      return Bytes();
    }
    if (!is_plus_) return std::nullopt;
    const Bytes& data = first.binding_name == "tls-exporter" ? context_.tls_exporter
                        : first.binding_name == "tls-server-end-point"
                            ? context_.tls_server_end_point
                            : k_no_binding;
    if (data.empty()) return std::nullopt;
    return data;
  }

  Step take_server_first(BytesView answer) {
    stage_ = Stage::over;
    if (!answer.starts_with("r=")) return SaslError::malformed;
    BytesView nonce = answer.substr(2, answer.find(',') - 2);
    if (!nonce.starts_with(nonce_) || nonce.size() == nonce_.size()) return SaslError::malformed;
    nonce_ = Bytes(nonce);
    stage_ = Stage::proof;
    return Challenge{Bytes(answer)};
  }

  Step take_final(BytesView message) {
    stage_ = Stage::over;
    auto last = parse_client_final(message);
    if (!last) return last.error();
    // RFC 5802 section 5.1: c= repeats what the exchange began with, and is what binds it to TLS.
    if (!equal_in_constant_time(last->binding, expected_binding_)) return SaslError::bad_binding;
    if (last->nonce != nonce_) return SaslError::malformed;
    if (last->proof.size() != crypto::size_of(hash_)) return SaslError::malformed;
    stage_ = Stage::asks_verdict;
    return ScramProof{std::move(last->without_proof), std::move(last->proof)};
  }

  static inline const Bytes k_no_binding;

  crypto::ScramHash hash_;
  bool is_plus_;
  Context context_;
  Stage stage_ = Stage::first;
  Bytes nonce_;
  Bytes expected_binding_;
};

}  // namespace

std::unique_ptr<Server> make_scram_server(std::string_view name, const Context& context) {
  bool is_plus = name.ends_with("-PLUS");
  if (is_plus) name.remove_suffix(5);
  if (is_plus && !context.has_binding()) return nullptr;
  if (name == "SCRAM-SHA-256") {
    return std::make_unique<ScramServer>(crypto::ScramHash::sha256, is_plus, context);
  }
  if (name == "SCRAM-SHA-1" && context.offers_scram_sha1) {
    return std::make_unique<ScramServer>(crypto::ScramHash::sha1, is_plus, context);
  }
  return nullptr;
}

}  // namespace peregrine::sasl
