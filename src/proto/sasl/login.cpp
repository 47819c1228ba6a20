// LOGIN, which no RFC defines: the name and the password, each asked for by a challenge. Some
// clients of submission know nothing else; over TLS it is as good as PLAIN.

#include "proto/sasl/login.h"

#include "proto/sasl/names.h"

namespace peregrine::sasl {
namespace {

class LoginServer final : public Server {
 public:
  Step start() override { return Challenge{"Username:"}; }

  Step respond(BytesView message) override {
    if (name_.empty()) {
      if (message.empty() || !is_id(message)) return SaslError::malformed;
      name_ = message;
      return Challenge{"Password:"};
    }
    if (!is_password(message)) return SaslError::malformed;
    return PasswordLogin{{}, std::move(name_), Secret(message)};
  }

 private:
  std::string name_;
};

}  // namespace

std::unique_ptr<Server> make_login_server() {
  return std::make_unique<LoginServer>();
}

}  // namespace peregrine::sasl
