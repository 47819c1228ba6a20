#pragma once
// Address: a mailbox `local@domain` with exactly one canonical form (V17). The local part is opaque
// bytes (no meaning in '%' or '!'), compared case-insensitively for our own domains; the domain is
// lower-case ASCII A-labels (IDNA, RFC 5891) without a trailing dot, or an address literal in its
// canonical text. Two addresses that mean the same mailbox here have equal `key()`.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine {

enum class AddressError : std::uint8_t {
  empty,
  no_domain,
  bad_local_part,
  bad_domain,
  too_long,        ///< RFC 5321 section 4.5.3.1: local part 64, domain 255, path 256
  source_route,    ///< RFC 5321 appendix C: recognised, and refused
  needs_smtputf8,  ///< non-ASCII where the transaction did not ask for SMTPUTF8
  trailing_text,
};

enum class AllowUtf8 : bool { no, yes };

class Address {
 public:
  /// Reads a Mailbox of RFC 5321 section 4.1.2 (dot-string or quoted-string local part, domain or
  /// address literal) that is all of `text`, without angle brackets.
  static std::expected<Address, AddressError> parse(std::string_view text,
                                                    AllowUtf8 utf8 = AllowUtf8::yes);

  /// The local part, unquoted: the bytes it means.
  [[nodiscard]] const std::string& local() const { return local_; }
  /// Canonical domain in A-labels, or a literal such as "[192.0.2.1]".
  [[nodiscard]] const std::string& domain() const { return domain_; }
  [[nodiscard]] bool is_literal() const { return !domain_.empty() && domain_.front() == '['; }
  /// The address as SMTP writes it, the local part quoted only when it must be.
  [[nodiscard]] std::string to_string() const;
  /// What local lookups compare: local part case-folded and in NFC, '@', domain.
  [[nodiscard]] std::string key() const;
  /// The local part before the first `separator`, or all of it when there is none or it comes
  /// first; for subaddressing (RFC 5233).
  [[nodiscard]] Address without_detail(char separator) const;

  bool operator==(const Address&) const = default;

 private:
  Address(std::string local, std::string domain)
      : local_(std::move(local)), domain_(std::move(domain)) {}
  std::string local_;
  std::string domain_;
};

/// A domain in canonical form (lower-case A-labels, no trailing dot), or an error. Refuses address
/// literals.
std::expected<std::string, AddressError> canonical_domain(std::string_view text);

}  // namespace peregrine
