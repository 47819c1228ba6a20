#include "proto/sasl/sasl.h"

#include <utility>

#include "proto/sasl/login.h"
#include "proto/sasl/scram.h"
#include "text/base64.h"
#include "text/idna.h"

namespace peregrine::sasl {
namespace {

bool are_different(std::string_view authorization_id, std::string_view authentication_id) {
  if (authorization_id.empty()) return false;
  auto wanted = text::fold_case(authorization_id);
  auto own = text::fold_case(authentication_id);
  return !wanted || !own || *wanted != *own;
}

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
  return are_different(authorization_id, authentication_id);
}

bool ScramStart::is_for_other() const {
  return are_different(authorization_id, authentication_id);
}

Step Server::resume(BytesView) {
  return SaslError::malformed;
}

std::vector<std::string_view> mechanisms(const Context& context) {
  std::vector<std::string_view> out;
  bool has_binding = context.has_binding();
  if (has_binding) out.emplace_back("SCRAM-SHA-256-PLUS");
  if (has_binding && context.offers_scram_sha1) out.emplace_back("SCRAM-SHA-1-PLUS");
  out.emplace_back("SCRAM-SHA-256");
  if (context.offers_scram_sha1) out.emplace_back("SCRAM-SHA-1");
  out.emplace_back("PLAIN");
  if (context.offers_login) out.emplace_back("LOGIN");
  return out;
}

std::unique_ptr<Server> make_server(std::string_view name, const Context& context) {
  if (iequals(name, "PLAIN")) return std::make_unique<PlainServer>();
  if (iequals(name, "LOGIN")) return context.offers_login ? make_login_server() : nullptr;
  return make_scram_server(ascii_upper(name), context);
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
