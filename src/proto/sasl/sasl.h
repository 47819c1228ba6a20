#pragma once
// SASL on the server's side, as SMTP, POP3 and IMAP share it: a mechanism turns the client's
// messages into challenges and, at the end, what is to be verified. Nothing is verified here. An
// exchange is an object of its own, ended by destroying it. The protocols differ in how a line is
// framed and agree on base 64, "*" to cancel and "=" for an empty initial response.
//
//   auto server = make_server("PLAIN");
//   Step step = initial ? server->respond(...) : server->start();

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/secret.h"

namespace peregrine::sasl {

enum class SaslError : std::uint8_t {
  cancelled,   ///< the client sent "*"
  bad_base64,  ///< not canonical base 64
  malformed,   ///< not a message of the mechanism
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

using Step = std::variant<Challenge, PasswordLogin, SaslError>;

class Server {
 public:
  virtual ~Server() = default;
  /// The client sent no initial response.
  virtual Step start() = 0;
  /// A decoded message of the client; after anything but a Challenge the exchange is over.
  virtual Step respond(BytesView message) = 0;
};

/// The mechanisms there are (V36: nothing older is compiled).
std::span<const std::string_view> mechanisms();

/// `name` in any letter case; null for a mechanism that does not exist here.
std::unique_ptr<Server> make_server(std::string_view name);

/// A line of the exchange: "*" or base 64.
std::expected<Secret, SaslError> decode_response(std::string_view line);
/// The argument of AUTH or AUTHENTICATE: "=" is the empty message.
std::expected<Secret, SaslError> decode_initial_response(std::string_view argument);

/// RFC 4616 section 2, the message of PLAIN.
std::expected<PasswordLogin, SaslError> parse_plain(BytesView message);

}  // namespace peregrine::sasl
