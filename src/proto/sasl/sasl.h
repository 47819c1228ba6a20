#pragma once
// SASL on the server's side, as SMTP, POP3 and IMAP share it: a mechanism turns the client's
// messages into challenges and, at the end, what is to be verified. Nothing is verified here. An
// exchange is an object of its own, ended by destroying it. The protocols differ in how a line is
// framed and agree on base 64, "*" to cancel and "=" for an empty initial response.
//
//   auto server = make_server("PLAIN", context);
//   Step step = initial ? server->respond(...) : server->start();
//   // ScramStart, ScramProof: ask core, then step = server->resume(answer)

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/scram.h"

namespace peregrine::sasl {

enum class SaslError : std::uint8_t {
  cancelled,   ///< the client sent "*"
  bad_base64,  ///< not canonical base 64
  malformed,   ///< not a message of the mechanism
  /// The exchange is not bound to this TLS connection, or somebody hid that it could be: the login
  /// fails as one with a wrong password does.
  bad_binding,
};

/// What of the connection the mechanisms depend on.
struct Context {
  bool offers_login = false;  ///< the mechanism LOGIN
  bool offers_scram_sha1 = true;
  Bytes tls_exporter;          ///< RFC 9266; empty outside TLS, as the next
  Bytes tls_server_end_point;  ///< RFC 5929 section 4

  [[nodiscard]] bool has_binding() const {
    return !tls_exporter.empty() || !tls_server_end_point.empty();
  }
};

/// To be sent in base 64; may be empty.
struct Challenge {
  Bytes data;
};

/// A name and a password to verify.
struct PasswordLogin {
  std::string authorization_id;   ///< whom to act as; empty for the owner of the password
  std::string authentication_id;  ///< whose password it is
  Secret password;

  /// V18: true when the client wants to act as somebody else, which needs a right of its own.
  [[nodiscard]] bool is_for_other() const;
};

/// SCRAM has begun: what core's scram_begin is asked, whose message goes to resume().
struct ScramStart {
  crypto::ScramHash hash = crypto::ScramHash::sha256;
  std::string authorization_id;
  std::string authentication_id;
  Bytes client_nonce;
  Bytes client_first_bare;

  [[nodiscard]] bool is_for_other() const;
};

/// What core's scram_finish is asked, whose signature goes to resume() when the proof was right.
struct ScramProof {
  Bytes client_final_without_proof;
  Bytes proof;
};

/// The client has seen that the server knows its password, too.
struct Finished {};

using Step = std::variant<Challenge, PasswordLogin, ScramStart, ScramProof, Finished, SaslError>;

class Server {
 public:
  virtual ~Server() = default;
  /// The client sent no initial response.
  virtual Step start() = 0;
  /// A decoded message of the client; after anything but a Challenge and the steps of SCRAM the
  /// exchange is over.
  virtual Step respond(BytesView message) = 0;
  /// The answer to a ScramStart or a ScramProof.
  virtual Step resume(BytesView answer);
};

/// The mechanisms there are on such a connection, the best first (V36: nothing older is compiled).
std::vector<std::string_view> mechanisms(const Context& context);

/// `name` in any letter case; null for a mechanism that is not among mechanisms().
std::unique_ptr<Server> make_server(std::string_view name, const Context& context);

/// A line of the exchange: "*" or base 64.
std::expected<Secret, SaslError> decode_response(std::string_view line);
/// The argument of AUTH or AUTHENTICATE: "=" is the empty message.
std::expected<Secret, SaslError> decode_initial_response(std::string_view argument);

/// RFC 4616 section 2, the message of PLAIN.
std::expected<PasswordLogin, SaslError> parse_plain(BytesView message);

}  // namespace peregrine::sasl
