#include "crypto/hash.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <set>
#include <string>
#include <unordered_map>

namespace peregrine::crypto {
namespace {

TEST(Sha256, MatchesThePublishedVectorHoweverItIsFed) {
  const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(to_hex(view(sha256("abc"))), expected);
  EXPECT_EQ(to_hex(view(Sha256().update("a").update("").update("bc").finish())), expected);
  EXPECT_EQ(to_hex(view(sha256(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HmacSha256, MatchesThePublishedVector) {
  EXPECT_EQ(to_hex(view(hmac_sha256("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Random, IsNeverTheSame) {
  EXPECT_EQ(random_bytes(0), "");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    Bytes bytes = random_bytes(32);
    EXPECT_EQ(bytes.size(), 32U);
    EXPECT_TRUE(seen.insert(bytes).second);
    EXPECT_NE(random_u64(), random_u64());
  }
  EXPECT_EQ(random_bytes(mib(2)).size(), mib(2));
}

// OpenSSL's SipHash with other round counts stands in for a second implementation.
std::uint64_t reference_siphash13(SipKey key, BytesView bytes) {
  std::array<unsigned char, 16> raw{};
  for (unsigned i = 0; i < 8; ++i) {
    raw[i] = static_cast<unsigned char>(key.first >> (8 * i));
    raw[i + 8] = static_cast<unsigned char>(key.second >> (8 * i));
  }
  unsigned c = 1;
  unsigned d = 3;
  std::size_t size = 8;
  std::array parameters = {OSSL_PARAM_construct_uint("c-rounds", &c),
                           OSSL_PARAM_construct_uint("d-rounds", &d),
                           OSSL_PARAM_construct_size_t("size", &size), OSSL_PARAM_construct_end()};
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  EVP_MAC_init(context, raw.data(), raw.size(), parameters.data());
  EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::array<unsigned char, 8> out{};
  EVP_MAC_final(context, out.data(), &size, out.size());
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(out[i]) << (8 * i);
  return value;
}

TEST(SipHash, MatchesASecondImplementationAtEveryLength) {
  std::string text;
  for (int i = 0; i < 70; ++i) {
    SipKey key{random_u64(), random_u64()};
    EXPECT_EQ(siphash13(key, text), reference_siphash13(key, text)) << i;
    text.push_back(static_cast<char>(i * 37 + 128));
  }
}

TEST(KeyedHash, FindsByView) {
  std::unordered_map<std::string, int, KeyedHash, std::equal_to<>> table;
  table.emplace("example.org", 1);
  EXPECT_NE(table.find(std::string_view("example.org")), table.end());
  EXPECT_EQ(KeyedHash{}("a"), KeyedHash{}("a"));
  EXPECT_NE(KeyedHash{}("a"), KeyedHash{}("b"));
}

}  // namespace
}  // namespace peregrine::crypto
