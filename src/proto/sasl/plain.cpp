#include "proto/sasl/names.h"
#include "proto/sasl/sasl.h"

namespace peregrine::sasl {
std::expected<PasswordLogin, SaslError> parse_plain(BytesView message) {
  // RFC 4616 section 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd, and no further NUL.
  std::size_t first = message.find('\0');
  if (first == BytesView::npos) return std::unexpected(SaslError::malformed);
  std::size_t second = message.find('\0', first + 1);
  if (second == BytesView::npos) return std::unexpected(SaslError::malformed);
  BytesView authorization_id = message.substr(0, first);
  BytesView authentication_id = message.substr(first + 1, second - first - 1);
  BytesView password = message.substr(second + 1);

  if (!is_id(authorization_id) || !is_id(authentication_id) || authentication_id.empty()) {
    return std::unexpected(SaslError::malformed);
  }
  if (!is_password(password)) return std::unexpected(SaslError::malformed);
  return PasswordLogin{std::string(authorization_id), std::string(authentication_id),
                       Secret(password)};
}

}  // namespace peregrine::sasl
