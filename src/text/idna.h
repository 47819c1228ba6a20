#pragma once
// Internationalised names, by libidn2 and ICU. Domains: U-labels become A-labels by the rules of
// IDNA2008 (RFC 5891) and back; the only mapping is lower case and NFC, so that no other character
// ever turns into an ASCII letter or a dot (V17). Identifiers: NFC and case folding for comparison.
// Input is hostile: any bytes are taken, linear time, runs of combining marks bounded (V22).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace peregrine::text {

enum class IdnaError : std::uint8_t {
  empty_label,  ///< nothing between two dots, or at an end
  bad_label,    ///< not letters, digits and hyphens, and no valid U-label or A-label either
  too_long,     ///< a label over 63 octets or a domain over 253 in A-labels
};

/// The domain in lower-case A-labels, without a trailing dot on either side.
std::expected<std::string, IdnaError> domain_to_ascii(std::string_view domain);

/// For people: the domain of domain_to_ascii() with its A-labels as U-labels, in UTF-8.
std::expected<std::string, IdnaError> domain_to_unicode(std::string_view ascii_domain);

/// NFC of valid UTF-8; nothing for invalid UTF-8 or more than 30 combining marks in a row.
std::optional<std::string> to_nfc(std::string_view utf8);

/// Simple case folding (one character to one character: "ß" stays), in NFC. Errors as to_nfc().
std::optional<std::string> fold_case(std::string_view utf8);

}  // namespace peregrine::text
