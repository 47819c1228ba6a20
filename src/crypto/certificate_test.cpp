#include "crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto/openssl_handles.h"

namespace peregrine::crypto {
namespace {

Bytes pem_of(EVP_PKEY* key, const EVP_CIPHER* cipher, const char* passphrase) {
  BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, cipher,
                           reinterpret_cast<const unsigned char*>(passphrase),
                           passphrase == nullptr ? 0 : 4, nullptr, nullptr);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

TEST(Certificate, SelfSignedOnesCarryTheirNames) {
  auto made = make_self_signed({"Mail.Example.ORG", "*.example.net"}, 30);
  ASSERT_TRUE(made);
  auto facts = read_certificate(made->chain_pem, made->key_pem);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->names, (std::vector<std::string>{"mail.example.org", "*.example.net"}));
  EXPECT_TRUE(facts->is_self_signed);
  EXPECT_EQ(facts->chain_length, 1U);
  EXPECT_NE(facts->issuer.find("Mail.Example.ORG"), std::string::npos) << facts->issuer;
  std::int64_t now = wall_now().seconds;
  EXPECT_NEAR(static_cast<double>(facts->not_before.seconds), static_cast<double>(now - 3600), 60);
  EXPECT_NEAR(static_cast<double>(facts->not_after.seconds), static_cast<double>(now + 30 * 86400),
              60);
  auto alone = inspect_certificate(made->chain_pem);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->fingerprint, facts->fingerprint);
  EXPECT_EQ(alone->key_fingerprint, facts->key_fingerprint);
  EXPECT_NE(alone->fingerprint, alone->key_fingerprint);
}

TEST(Certificate, LongNamesFit) {
  std::string label(60, 'a');
  std::string name = label + "." + label + "." + label + ".example";
  auto made = make_self_signed({name}, 1);
  ASSERT_TRUE(made);
  EXPECT_EQ(inspect_certificate(made->chain_pem)->names.front(), name);
}

TEST(Certificate, NamesThatAreNotHostNamesAreRefused) {
  for (std::string name :
       {std::string(""), std::string("a b"), std::string("a,DNS:evil.example"), std::string("a\nb"),
        std::string("-a.example"), std::string("a-.example"), std::string("a..b"),
        std::string(".a"), std::string("a."), std::string("*"), std::string("a.*.b"),
        std::string("*.*.a"), std::string("a\0b", 3), std::string("a_b"), std::string(64, 'a'),
        std::string(300, 'a')}) {
    EXPECT_FALSE(is_certificate_name(name)) << name;
    EXPECT_EQ(make_self_signed({name}, 1).error(), CertificateError::bad_name) << name;
  }
  EXPECT_FALSE(make_self_signed({}, 1));
  EXPECT_FALSE(make_self_signed({"a.example"}, 0));
  EXPECT_TRUE(is_certificate_name("localhost"));
  EXPECT_TRUE(is_certificate_name("xn--bcher-kva.example"));
}

TEST(Certificate, WhatDoesNotFitTogetherIsRefused) {
  auto one = make_self_signed({"a.example"}, 1);
  auto two = make_self_signed({"b.example"}, 1);
  EXPECT_EQ(read_certificate(one->chain_pem, two->key_pem).error(), CertificateError::key_mismatch);
  EXPECT_EQ(read_certificate("", one->key_pem).error(), CertificateError::bad_chain);
  EXPECT_EQ(read_certificate(one->key_pem, one->key_pem).error(), CertificateError::bad_chain);
  EXPECT_EQ(read_certificate(one->chain_pem, "").error(), CertificateError::bad_key);
  EXPECT_EQ(read_certificate(one->chain_pem, one->chain_pem).error(), CertificateError::bad_key);
  // A chain is read to its end: a broken second certificate does not vanish.
  std::string broken = two->chain_pem;
  broken[60] = broken[60] == 'A' ? 'B' : 'A';
  broken.erase(100, 8);
  EXPECT_EQ(inspect_certificate(one->chain_pem + broken).error(), CertificateError::bad_chain);
  EXPECT_EQ(inspect_certificate(one->chain_pem + two->chain_pem)->chain_length, 2U);
  std::string endless;
  for (int i = 0; i < 17; ++i) endless += one->chain_pem;
  EXPECT_EQ(inspect_certificate(endless).error(), CertificateError::too_many);
}

TEST(Certificate, WeakOrLockedKeysAreRefused) {
  auto made = make_self_signed({"a.example"}, 1);
  KeyHandle weak(EVP_RSA_gen(1024));
  EXPECT_EQ(read_certificate(made->chain_pem, pem_of(weak.get(), nullptr, nullptr)).error(),
            CertificateError::weak_key);
  KeyHandle small(EVP_EC_gen("P-224"));
  EXPECT_EQ(read_certificate(made->chain_pem, pem_of(small.get(), nullptr, nullptr)).error(),
            CertificateError::weak_key);
  // Nobody is asked for a passphrase: the answer comes at once.
  KeyHandle locked(EVP_EC_gen("P-256"));
  EXPECT_EQ(
      read_certificate(made->chain_pem, pem_of(locked.get(), EVP_aes_256_cbc(), "pass")).error(),
      CertificateError::bad_key);
}

}  // namespace
}  // namespace peregrine::crypto
