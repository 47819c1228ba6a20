#include "crypto/certificate.h"

#include <openssl/pem.h>

#include "crypto/hash.h"
#include "crypto/openssl_handles.h"

namespace peregrine::crypto {
namespace {

Bytes text_of(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? Bytes(data, static_cast<std::size_t>(size)) : Bytes();
}

bool add_names(X509* certificate, const std::vector<std::string>& names) {
  std::string value;
  for (const std::string& name : names) value += (value.empty() ? "DNS:" : ",DNS:") + name;
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

X509Handle sign_certificate(EVP_PKEY* key, const std::vector<std::string>& names, int days) {
  X509Handle certificate(X509_new());
  if (!certificate || names.empty()) return nullptr;
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), random_u64() >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_time_adj_ex(X509_getm_notAfter(x), days, 0, nullptr);
  X509_set_pubkey(x, key);
  X509_NAME* subject = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(names.front().c_str()), -1, -1,
                             0);
  X509_set_issuer_name(x, subject);
  if (!add_names(x, names) || X509_sign(x, key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

}  // namespace

std::string_view describe(CertificateError error) {
  switch (error) {
    case CertificateError::bad_chain:
      return "no certificate could be read from the file";
    case CertificateError::bad_key:
      return "no private key could be read from the file";
    case CertificateError::key_mismatch:
      return "the key does not belong to the certificate";
    case CertificateError::failed:
      return "the certificate could not be made";
  }
  return "?";
}

std::expected<CertificateAndKey, CertificateError> make_self_signed(
    const std::vector<std::string>& names, int days) {
  KeyHandle key(EVP_EC_gen("P-256"));
  if (!key) return std::unexpected(CertificateError::failed);
  X509Handle certificate = sign_certificate(key.get(), names, days);
  if (!certificate) return std::unexpected(CertificateError::failed);
  BioHandle chain(BIO_new(BIO_s_mem()));
  BioHandle private_key(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(chain.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(private_key.get(), key.get(), nullptr, nullptr, 0, nullptr,
                               nullptr) != 1) {
    return std::unexpected(CertificateError::failed);
  }
  return CertificateAndKey{text_of(chain.get()), text_of(private_key.get())};
}

std::expected<CertificateFacts, CertificateError> read_certificate(BytesView chain_pem,
                                                                   BytesView key_pem) {
  BioHandle chain = bio_of(chain_pem);
  X509Handle certificate(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!certificate) return std::unexpected(CertificateError::bad_chain);
  BioHandle key_text = bio_of(key_pem);
  KeyHandle key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key) return std::unexpected(CertificateError::bad_key);
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return std::unexpected(CertificateError::key_mismatch);
  }
  CertificateFacts facts;
  tm expiry{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &expiry) == 1) {
    facts.not_after.seconds = timegm(&expiry);
  }
  std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = name->d.dNSName;
    facts.names.push_back(
        ascii_lower(std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                     static_cast<std::size_t>(ASN1_STRING_length(text)))));
  }
  return facts;
}

}  // namespace peregrine::crypto
