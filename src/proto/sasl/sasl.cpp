#include "proto/sasl/sasl.h"

#include <array>
#include <utility>

#include "text/base64.h"
#include "text/idna.h"

namespace peregrine::sasl {
namespace {

constexpr std::array<std::string_view, 1> k_mechanisms = {"PLAIN"};

class PlainServer final : public Server {
 public:
  // RFC 4954 section 4: a mechanism in which the client speaks first begins with an empty
  // challenge.
  Step start() override { return Challenge{}; }

  Step respond(BytesView message) override {
    auto login = parse_plain(message);
    if (!login) return login.error();
    return *std::move(login);
  }
};

}  // namespace

bool PasswordLogin::is_for_other() const {
  if (authorization_id.empty()) return false;
  auto wanted = text::fold_case(authorization_id);
  auto own = text::fold_case(authentication_id);
  return !wanted || !own || *wanted != *own;
}

std::span<const std::string_view> mechanisms() {
  return k_mechanisms;
}

std::unique_ptr<Server> make_server(std::string_view name) {
  if (iequals(name, "PLAIN")) return std::make_unique<PlainServer>();
  return nullptr;
}

std::expected<Secret, SaslError> decode_response(std::string_view line) {
  if (line == "*") return std::unexpected(SaslError::cancelled);
  auto decoded = text::base64_decode(line);
  if (!decoded) return std::unexpected(SaslError::bad_base64);
  return Secret::take(*std::move(decoded));
}

std::expected<Secret, SaslError> decode_initial_response(std::string_view argument) {
  if (argument == "=") return Secret();
  // RFC 4954 section 4: only a line of its own cancels, and an empty argument is no response.
  if (argument.empty() || argument == "*") return std::unexpected(SaslError::bad_base64);
  return decode_response(argument);
}

}  // namespace peregrine::sasl
