#include "crypto/certificate.h"

#include <algorithm>
#include <ctime>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/pem.h"

namespace peregrine::crypto {
namespace {

constexpr std::size_t k_longest_chain = 16;
constexpr std::size_t k_longest_name = 253;
constexpr std::size_t k_most_names = 100;

using ExtensionPointer = std::unique_ptr<X509_EXTENSION, OpensslFree<::X509_EXTENSION_free>>;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, OpensslFree<::GENERAL_NAMES_free>>;

std::unexpected<CertificateError> failed(CertificateError error) {
  ::ERR_clear_error();
  return std::unexpected(error);
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(std::max(0L, size))};
}

// A key under a passphrase is an error: nobody is there to be asked.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

UnixTime unix_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ::ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return UnixTime{::timegm(&parts)};
}

Digest digest_with(int (*digest)(const X509*, const EVP_MD*, unsigned char*, unsigned*),
                   const X509& certificate) {
  Digest out{};
  unsigned size = out.size();
  digest(&certificate, EVP_sha256(), out.data(), &size);
  return out;
}

Digest hash_public_key(const X509& certificate) {
  unsigned char* data = nullptr;
  int size = ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(&certificate), &data);
  Digest out =
      sha256({reinterpret_cast<const char*>(data), static_cast<std::size_t>(std::max(0, size))});
  ::OPENSSL_free(data);
  return out;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  ExtensionPointer extension(::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && ::X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_identity(X509* certificate, const std::vector<std::string>& names) {
  X509_NAME* subject = ::X509_get_subject_name(certificate);
  // The common name holds 64 bytes at most; what counts is the alternative names below.
  std::string common = names.front().substr(0, 64);
  std::string alternatives;
  for (const std::string& name : names) {
    alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + ascii_lower(name);
  }
  return ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                      reinterpret_cast<const unsigned char*>(common.data()),
                                      static_cast<int>(common.size()), -1, 0) == 1 &&
         ::X509_set_issuer_name(certificate, subject) == 1 &&
         add_extension(certificate, NID_subject_alt_name, alternatives) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth");
}

bool set_serial_and_dates(X509* certificate, int days) {
  // 63 random bits, positive.
  std::uint64_t serial = random_u64() >> 1 | 1;
  return ::X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(certificate), serial) == 1 &&
         // An hour back, for clients whose clock is late.
         ::X509_gmtime_adj(::X509_getm_notBefore(certificate), -3600) != nullptr &&
         ::X509_time_adj_ex(::X509_getm_notAfter(certificate), days, 0, nullptr) != nullptr;
}

std::vector<std::string> dns_names(const X509& certificate) {
  std::vector<std::string> out;
  NamesPointer names(static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = name->d.dNSName;
    std::string_view view(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
                          static_cast<std::size_t>(::ASN1_STRING_length(text)));
    // A NUL or another odd byte inside a name is somebody's trick.
    if (is_certificate_name(view)) out.push_back(ascii_lower(view));
  }
  return out;
}

}  // namespace

bool is_certificate_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty() || name.size() > k_longest_name) return false;
  std::size_t label = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = ascii_lower(name[i]);
    bool edge = i + 1 == name.size() || name[i + 1] == '.' || label == 0;
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    bool alphanumeric = (c >= 'a' && c <= 'z') || is_ascii_digit(c);
    if (!alphanumeric && (c != '-' || edge)) return false;
    if (++label > 63) return false;
  }
  return label > 0;
}

std::expected<std::vector<X509Handle>, CertificateError> read_chain(BytesView chain_pem) {
  BioHandle text = bio_of(chain_pem);
  std::vector<X509Handle> chain;
  while (X509* next = ::PEM_read_bio_X509(text.get(), nullptr, refuse_passphrase, nullptr)) {
    chain.emplace_back(next);
    if (chain.size() > k_longest_chain) return failed(CertificateError::too_many);
  }
  // The end of the text reads as "no start line"; a broken certificate as something else.
  bool at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (chain.empty() || !at_end) return failed(CertificateError::bad_chain);
  ::ERR_clear_error();
  return chain;
}

std::expected<KeyHandle, CertificateError> read_key(BytesView key_pem) {
  BioHandle text = bio_of(key_pem);
  KeyHandle key(::PEM_read_bio_PrivateKey(text.get(), nullptr, refuse_passphrase, nullptr));
  if (!key) return failed(CertificateError::bad_key);
  int least = ::EVP_PKEY_is_a(key.get(), "RSA") == 1 ? 2048 : 253;
  if (::EVP_PKEY_get_bits(key.get()) < least) return failed(CertificateError::weak_key);
  return key;
}

std::expected<CertificateAndKey, CertificateError> make_self_signed(
    const std::vector<std::string>& names, int days) {
  if (names.empty() || names.size() > k_most_names || days < 1 || days > 36500 ||
      !std::ranges::all_of(names, is_certificate_name)) {
    return failed(CertificateError::bad_name);
  }
  KeyHandle key(::EVP_EC_gen("P-256"));
  X509Handle certificate(::X509_new());
  BioHandle certificate_text(::BIO_new(::BIO_s_mem()));
  BioHandle key_text(::BIO_new(::BIO_s_mem()));
  bool made = key && certificate && certificate_text && key_text &&
              set_serial_and_dates(certificate.get(), days) &&
              set_identity(certificate.get(), names) &&
              ::X509_set_pubkey(certificate.get(), key.get()) == 1 &&
              ::X509_sign(certificate.get(), key.get(), ::EVP_sha256()) > 0 &&
              ::PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
              ::PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr) == 1;
  if (!made) return failed(CertificateError::failed);
  return CertificateAndKey{drain(certificate_text.get()), drain(key_text.get())};
}

CertificateFacts facts_of(const X509& certificate) {
  CertificateFacts facts;
  facts.names = dns_names(certificate);
  BioHandle issuer(::BIO_new(::BIO_s_mem()));
  ::X509_NAME_print_ex(issuer.get(), ::X509_get_issuer_name(&certificate), 0, XN_FLAG_ONELINE);
  facts.issuer = drain(issuer.get());
  facts.not_before = unix_time(::X509_get0_notBefore(&certificate));
  facts.not_after = unix_time(::X509_get0_notAfter(&certificate));
  facts.fingerprint = digest_with(::X509_digest, certificate);
  facts.key_fingerprint = hash_public_key(certificate);
  facts.is_self_signed = ::X509_NAME_cmp(::X509_get_issuer_name(&certificate),
                                         ::X509_get_subject_name(&certificate)) == 0;
  return facts;
}

std::expected<CertificateFacts, CertificateError> inspect_certificate(BytesView chain_pem) {
  TRY(auto chain, read_chain(chain_pem));
  CertificateFacts facts = facts_of(*chain.front());
  facts.chain_length = chain.size();
  return facts;
}

std::expected<CertificateFacts, CertificateError> read_certificate(BytesView chain_pem,
                                                                   BytesView key_pem) {
  TRY(CertificateFacts facts, inspect_certificate(chain_pem));
  TRY(auto chain, read_chain(chain_pem));
  TRY(KeyHandle key, read_key(key_pem));
  if (::X509_check_private_key(chain.front().get(), key.get()) != 1) {
    return failed(CertificateError::key_mismatch);
  }
  return facts;
}

std::string_view describe(CertificateError error) {
  switch (error) {
    case CertificateError::bad_chain:
      return "no certificate could be read from the file";
    case CertificateError::bad_key:
      return "no private key could be read from the file";
    case CertificateError::key_mismatch:
      return "the key does not belong to the certificate";
    case CertificateError::weak_key:
      return "the key is too short";
    case CertificateError::bad_name:
      return "not a host name that a certificate may carry";
    case CertificateError::too_many:
      return "too many certificates in the chain";
    case CertificateError::failed:
      return "the certificate could not be made";
  }
  return "?";
}

}  // namespace peregrine::crypto
