#pragma once
// SASLprep (RFC 4013) by ICU's usprep: the one form of a password from which both ends of SCRAM
// derive their keys. RFC 5802 section 2.2 names this profile, and clients apply it: the newer
// OpaqueString of RFC 8265 keeps compatibility characters apart that SASLprep makes one, so that a
// server using it would refuse passwords that are right.

#include <optional>
#include <string>
#include <string_view>

namespace peregrine::text {

/// The prepared form of UTF-8 text as a "stored string" (RFC 3454 section 7); nothing when it is
/// not UTF-8, prohibited, or empty.
std::optional<std::string> saslprep(std::string_view text);

}  // namespace peregrine::text
