#pragma once
// Certificates: a self-signed one for a first start, and what an operator's certificate says.

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace peregrine::crypto {

struct CertificateAndKey {
  Bytes chain_pem;
  Bytes key_pem;  ///< P-256, PKCS #8
};

struct CertificateFacts {
  std::vector<std::string> names;  ///< DNS names of the subject alternative name, lower case
  UnixTime not_after;
};

enum class CertificateError : std::uint8_t {
  bad_chain,     ///< no certificate could be read from the PEM text
  bad_key,       ///< no private key could be read
  key_mismatch,  ///< the key does not belong to the certificate
  failed,        ///< the library could not make one
};

std::string_view describe(CertificateError error);

/// A certificate for these host names that signs itself, valid for `days`.
std::expected<CertificateAndKey, CertificateError> make_self_signed(
    const std::vector<std::string>& names, int days);

std::expected<CertificateFacts, CertificateError> read_certificate(BytesView chain_pem,
                                                                   BytesView key_pem);

}  // namespace peregrine::crypto
