#include "crypto/tls_fault.h"

#include <algorithm>
#include <array>
#include <openssl/x509_vfy.h>

namespace peregrine::crypto {
namespace {

constexpr std::array k_expired{X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID};
constexpr std::array k_mismatch{X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH};
constexpr std::array k_not_trusted{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
                                   X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                   X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                                   X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                                   X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
                                   X509_V_ERR_CERT_UNTRUSTED,
                                   X509_V_ERR_CERT_REJECTED,
                                   X509_V_ERR_CERT_REVOKED,
                                   X509_V_ERR_DANE_NO_MATCH};

bool says_one_of(std::string_view error, const auto& codes) {
  return std::ranges::any_of(
      codes, [error](long code) { return error.contains(X509_verify_cert_error_string(code)); });
}

}  // namespace

TlsFault fault_of(std::string_view error) {
  if (says_one_of(error, k_expired)) return TlsFault::expired;
  if (says_one_of(error, k_mismatch)) return TlsFault::host_mismatch;
  if (says_one_of(error, k_not_trusted)) return TlsFault::not_trusted;
  return TlsFault::other;
}

}  // namespace peregrine::crypto
