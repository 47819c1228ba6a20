#include "crypto/scram.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace peregrine::crypto {
namespace {

Bytes from_base64(std::string_view text) {
  Bytes out(text.size(), '\0');
  int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                               reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()));
  EXPECT_GE(size, 0);
  std::size_t padding = text.size() - text.find_last_not_of('=') - 1;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

struct Example {
  ScramHash hash;
  std::string_view salt;
  std::string_view auth_message;
  std::string_view proof;
  std::string_view signature;
};

constexpr Example k_examples[] = {
    // RFC 5802 section 5.
    {ScramHash::sha1, "QSXCR+Q6sek8bf92",
     "n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
     "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    // RFC 7677 section 3.
    {ScramHash::sha256, "W22ZaJ0SNY7soEsUEjb6gQ==",
     "n=user,r=rOprNGfwEbeRWgbNEkqO,"
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="}};

TEST(Scram, TheExamplesOfTheRfcsHold) {
  for (const Example& example : k_examples) {
    ScramKeys keys = derive_scram_keys(example.hash, "pencil", from_base64(example.salt), 4096);
    Bytes proof = from_base64(example.proof);
    EXPECT_TRUE(check_scram_proof(keys, example.auth_message, proof));
    EXPECT_EQ(scram_server_signature(keys, example.auth_message), from_base64(example.signature));
  }
}

TEST(Scram, NothingElseIsAProof) {
  for (const Example& example : k_examples) {
    Bytes salt = from_base64(example.salt);
    ScramKeys keys = derive_scram_keys(example.hash, "pencil", salt, 4096);
    Bytes proof = from_base64(example.proof);
    for (std::size_t i = 0; i < proof.size(); ++i) {
      Bytes other = proof;
      other[i] = static_cast<char>(other[i] ^ 1);
      EXPECT_FALSE(check_scram_proof(keys, example.auth_message, other));
      EXPECT_FALSE(check_scram_proof(keys, example.auth_message, proof.substr(0, i)));
    }
    EXPECT_FALSE(check_scram_proof(keys, example.auth_message, proof + "x"));
    EXPECT_FALSE(check_scram_proof(keys, Bytes(example.auth_message) + "x", proof));
    // The stored keys themselves open nothing.
    EXPECT_FALSE(check_scram_proof(keys, example.auth_message, keys.stored_key));
    EXPECT_FALSE(check_scram_proof(keys, example.auth_message, keys.server_key));
    ScramKeys wrong = derive_scram_keys(example.hash, "Pencil", salt, 4096);
    EXPECT_FALSE(check_scram_proof(wrong, example.auth_message, proof));
    wrong = derive_scram_keys(example.hash, "pencil", salt, 4097);
    EXPECT_FALSE(check_scram_proof(wrong, example.auth_message, proof));
  }
}

}  // namespace
}  // namespace peregrine::crypto
