#pragma once
// PEM text to OpenSSL objects. Internal to this module.

#include <vector>

#include "crypto/certificate.h"
#include "crypto/openssl_handles.h"

namespace peregrine::crypto {

/// At least one certificate, the server's own first.
std::expected<std::vector<X509Handle>, CertificateError> read_chain(BytesView chain_pem);

/// A private key of sufficient strength.
std::expected<KeyHandle, CertificateError> read_key(BytesView key_pem);

CertificateFacts facts_of(const X509& certificate);

}  // namespace peregrine::crypto
