#pragma once
// Certificates and their keys as PEM text in memory: making a self-signed pair for a first start,
// checking that what an operator supplies fits together, and the facts that the configuration
// check, the status command and DANE need. No file is opened here.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/hash.h"

namespace peregrine::crypto {

enum class CertificateError : std::uint8_t {
  bad_chain,     ///< the PEM text holds no certificate, or a malformed one
  bad_key,       ///< no private key, or one under a passphrase
  key_mismatch,  ///< the key is not that of the first certificate
  weak_key,      ///< RSA below 2048 bits, an elliptic curve below 256
  bad_name,      ///< not a host name that a certificate may carry
  too_many,      ///< a chain of more than 16
  failed,        ///< the library would not make one
};

std::string_view describe(CertificateError error);

struct CertificateAndKey {
  Bytes chain_pem;
  Bytes key_pem;  ///< P-256, PKCS #8
};

struct CertificateFacts {
  std::vector<std::string> names;  ///< subject alternative DNS names, lower case; else none
  std::string issuer;              ///< one line
  UnixTime not_before;
  UnixTime not_after;
  Digest fingerprint;      ///< SHA-256 of the certificate
  Digest key_fingerprint;  ///< SHA-256 of the public key: a TLSA record "3 1 1"
  std::size_t chain_length = 0;
  bool is_self_signed = false;
};

/// A certificate for these host names ("mx.example.org", "*.example.org") that signs itself, with
/// a new key.
std::expected<CertificateAndKey, CertificateError> make_self_signed(
    const std::vector<std::string>& names, int days);

/// Checks that the chain can be served with this key, and returns the first certificate's facts.
std::expected<CertificateFacts, CertificateError> read_certificate(BytesView chain_pem,
                                                                   BytesView key_pem);

/// The facts alone, of a certificate whose key is elsewhere.
std::expected<CertificateFacts, CertificateError> inspect_certificate(BytesView chain_pem);

/// A host name of letters, digits, hyphens and dots, with at most one leading "*." label.
bool is_certificate_name(std::string_view name);

}  // namespace peregrine::crypto
