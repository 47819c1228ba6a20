#include <algorithm>

#include "proto/sasl/sasl.h"
#include "text/utf8.h"

namespace peregrine::sasl {
namespace {

// RFC 4616 section 2: a server accepts 255 octets of each. More is nobody's name; a password may be
// a generated text.
constexpr std::size_t k_max_id = 255;
constexpr std::size_t k_max_password = 1024;

/// Names go to logs and lookups: no control characters, though the grammar has them.
bool is_id(std::string_view text) {
  return text.size() <= k_max_id && text::is_valid_utf8(text) &&
         std::ranges::all_of(text,
                             [](char c) { return (c & 0x80) != 0 || (c >= ' ' && c != '\x7f'); });
}

}  // namespace

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
  if (password.empty() || password.size() > k_max_password || password.contains('\0') ||
      !text::is_valid_utf8(password)) {
    return std::unexpected(SaslError::malformed);
  }
  return PasswordLogin{std::string(authorization_id), std::string(authentication_id),
                       Secret(password)};
}

}  // namespace peregrine::sasl
