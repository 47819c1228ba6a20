#pragma once
// The client's messages of SCRAM (RFC 5802 section 7) as values. Nothing is verified here, and no
// secret is known; the exchange itself is the Server that make_server() makes.

#include <expected>
#include <optional>
#include <string>

#include "proto/sasl/sasl.h"

namespace peregrine::sasl {

/// What the client says about channel binding, RFC 5802 section 6.
enum class Binding : std::uint8_t {
  unsupported,  ///< "n": by the client
  not_offered,  ///< "y": by the server, as the client believes
  used,         ///< "p"
};

struct ClientFirst {
  Binding binding = Binding::unsupported;
  std::string binding_name;  ///< of Binding::used: "tls-exporter"
  std::string authorization_id;
  std::string authentication_id;
  Bytes nonce;
  Bytes gs2_header;  ///< as sent: the final message repeats it
  Bytes bare;        ///< the message behind the header
};

struct ClientFinal {
  Bytes binding;  ///< decoded: the GS2 header, and the binding's data behind it
  Bytes nonce;
  Bytes proof;
  Bytes without_proof;
};

/// Longer messages are refused unread.
inline constexpr std::size_t k_max_scram_message = 2048;

std::expected<ClientFirst, SaslError> parse_client_first(BytesView message);
std::expected<ClientFinal, SaslError> parse_client_final(BytesView message);

/// A saslname: "=2C" and "=3D" stand for "," and "=". Nothing when it is none.
std::optional<std::string> decode_saslname(std::string_view text);

/// `name`: upper case. Null for a mechanism that is not SCRAM, or not offered.
std::unique_ptr<Server> make_scram_server(std::string_view name, const Context& context);

}  // namespace peregrine::sasl
