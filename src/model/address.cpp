#include "model/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <optional>

#include "base/cursor.h"
#include "base/result.h"
#include "text/idna.h"

namespace peregrine {
namespace {

// RFC 5321 section 4.5.3.1: the path's 256 octets include its two brackets.
constexpr std::size_t k_max_local_part = 64;
constexpr std::size_t k_max_mailbox = 254;

bool is_utf8_byte(char c) {
  return (c & 0x80) != 0;
}

bool is_atext(char c) {
  // RFC 5322 section 3.2.3, and RFC 6531 section 3.3 for everything outside ASCII.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_ascii_digit(c) || is_utf8_byte(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c));
}

bool is_printable_ascii(char c) {
  return c >= ' ' && c <= '~';
}

bool is_dot_string(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.contains("..")) {
    return false;
  }
  return std::ranges::all_of(text, [](char c) { return c == '.' || is_atext(c); });
}

/// Characters that terminals and log readers obey: C1 controls, line separators and direction
/// overrides. They name nobody.
bool has_hidden_controls(std::string_view utf8) {
  for (std::size_t i = 0; i + 1 < utf8.size(); ++i) {
    auto at = [&](std::size_t n) {
      return i + n < utf8.size() ? static_cast<unsigned char>(utf8[i + n]) : 0U;
    };
    if (at(0) == 0xC2 && at(1) <= 0x9F) return true;
    if (at(0) != 0xE2) continue;
    if (at(1) == 0x80 && at(2) >= 0xA8 && at(2) <= 0xAE) return true;
    if (at(1) == 0x81 && at(2) >= 0xA6 && at(2) <= 0xA9) return true;
  }
  return false;
}

/// The text between the quotes of a Quoted-string, unquoted. The cursor stands behind the opening
/// quote, and afterwards behind the closing one.
std::optional<std::string> take_quoted_content(Cursor& cursor) {
  std::string content;
  while (auto c = cursor.take()) {
    if (*c == '"') return content;
    if (*c == '\\') {
      // RFC 5321 section 4.1.2: quoted-pairSMTP is a backslash and a printable ASCII character.
      auto quoted = cursor.take();
      if (!quoted || !is_printable_ascii(*quoted)) return std::nullopt;
      content.push_back(*quoted);
    } else if (is_printable_ascii(*c) || is_utf8_byte(*c)) {
      content.push_back(*c);
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<std::string> take_local_part(Cursor& cursor) {
  if (cursor.skip('"')) return take_quoted_content(cursor);
  std::string_view text = cursor.take_while([](char c) { return c == '.' || is_atext(c); });
  if (!is_dot_string(text)) return std::nullopt;
  return std::string(text);
}

std::string quote_if_needed(const std::string& local) {
  if (is_dot_string(local)) return local;
  std::string out = "\"";
  for (char c : local) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

template <int family, class Binary>
std::optional<std::string> canonical_ip(std::string_view text) {
  // inet_pton() takes a C string: nothing may hide behind a NUL.
  if (text.contains('\0')) return std::nullopt;
  Binary binary{};
  std::string input(text);
  char output[INET6_ADDRSTRLEN] = {};
  if (inet_pton(family, input.c_str(), &binary) != 1) return std::nullopt;
  if (inet_ntop(family, &binary, output, sizeof output) == nullptr) return std::nullopt;
  return std::string(output);
}

/// The content of an address literal, without the brackets. Numbers with leading zeros, which some
/// readers take for octal, and General-address-literals, of which none is defined, are refused.
std::optional<std::string> canonical_literal(std::string_view content) {
  constexpr std::string_view k_tag = "IPv6:";
  if (!istarts_with(content, k_tag)) return canonical_ip<AF_INET, in_addr>(content);
  auto ip = canonical_ip<AF_INET6, in6_addr>(content.substr(k_tag.size()));
  if (!ip) return std::nullopt;
  return std::string(k_tag) + *ip;
}

std::expected<std::string, AddressError> read_domain(std::string_view text) {
  if (text.empty()) return std::unexpected(AddressError::no_domain);
  if (text.front() != '[') return canonical_domain(text);
  std::size_t close = text.find(']');
  if (close == std::string_view::npos) return std::unexpected(AddressError::bad_domain);
  if (close + 1 != text.size()) return std::unexpected(AddressError::trailing_text);
  auto literal = canonical_literal(text.substr(1, close - 1));
  if (!literal) return std::unexpected(AddressError::bad_domain);
  return '[' + *literal + ']';
}

}  // namespace

std::expected<Address, AddressError> Address::parse(std::string_view text, AllowUtf8 utf8) {
  if (text.empty()) return std::unexpected(AddressError::empty);
  if (text.size() > k_max_mailbox) return std::unexpected(AddressError::too_long);
  // RFC 5321 appendix C: a source route is recognised. It is refused, not stripped, because whoever
  // judges the address before us may read the route's first host as its domain (V17).
  if (text.front() == '@' && text.contains(':')) {
    return std::unexpected(AddressError::source_route);
  }
  if (utf8 == AllowUtf8::no && std::ranges::any_of(text, is_utf8_byte)) {
    return std::unexpected(AddressError::needs_smtputf8);
  }
  Cursor cursor(text);
  auto local = take_local_part(cursor);
  if (!local || !text::to_nfc(*local) || has_hidden_controls(*local)) {
    return std::unexpected(AddressError::bad_local_part);
  }
  // As written, quotes and backslashes included; the canonical form is never longer.
  if (cursor.position() > k_max_local_part) return std::unexpected(AddressError::too_long);
  if (cursor.at_end()) return std::unexpected(AddressError::no_domain);
  if (!cursor.skip('@')) return std::unexpected(AddressError::bad_local_part);
  TRY(std::string domain, read_domain(cursor.rest()));

  // A domain in A-labels may be longer than it was in U-labels.
  Address address(std::move(*local), std::move(domain));
  if (address.to_string().size() > k_max_mailbox) return std::unexpected(AddressError::too_long);
  return address;
}

std::string Address::to_string() const {
  return quote_if_needed(local_) + '@' + domain_;
}

std::string Address::key() const {
  // parse() has seen that the local part is UTF-8 which folds.
  return text::fold_case(local_).value_or(local_) + '@' + domain_;
}

Address Address::without_detail(char separator) const {
  std::size_t position = local_.find(separator);
  // A leading separator leaves no user to deliver to: the whole local part is the user.
  if (position == 0 || position == std::string::npos) return *this;
  return {local_.substr(0, position), domain_};
}

std::expected<std::string, AddressError> canonical_domain(std::string_view text) {
  if (text.empty()) return std::unexpected(AddressError::empty);
  auto ascii = text::domain_to_ascii(text);
  if (!ascii) {
    return std::unexpected(ascii.error() == text::IdnaError::too_long ? AddressError::too_long
                                                                      : AddressError::bad_domain);
  }
  // RFC 1123 section 2.1: the last label of a host name is not all digits, so that no domain can
  // be taken for an IPv4 address.
  std::string_view last = std::string_view(*ascii).substr(ascii->rfind('.') + 1);
  if (std::ranges::all_of(last, is_ascii_digit)) return std::unexpected(AddressError::bad_domain);
  return *std::move(ascii);
}

}  // namespace peregrine
