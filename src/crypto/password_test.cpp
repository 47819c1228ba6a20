#include "crypto/password.h"

#include <gtest/gtest.h>
#include <string>

#include "base/secret.h"

namespace peregrine::crypto {
namespace {

// Cheap, so that the tests are about the format and the answers.
constexpr PasswordCost k_cheap{.memory_kib = 64, .passes = 1, .lanes = 1};

TEST(Password, MatchesItselfAndNothingElse) {
  auto hash = hash_password("correct horse", k_cheap);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << *hash;
  EXPECT_EQ(verify_password(*hash, "correct horse"), true);
  EXPECT_EQ(verify_password(*hash, "correct horsf"), false);
  EXPECT_EQ(verify_password(*hash, ""), false);
  EXPECT_NE(*hash_password("correct horse", k_cheap), *hash);
  EXPECT_EQ(password_cost(*hash), k_cheap);
}

TEST(Password, BytesAreBytes) {
  std::string with_nul("a\0b", 3);
  auto hash = hash_password(with_nul, k_cheap);
  ASSERT_TRUE(hash);
  EXPECT_EQ(verify_password(*hash, with_nul), true);
  EXPECT_EQ(verify_password(*hash, "a"), false);
}

TEST(Password, ReadsHashesOfTheReferenceImplementation) {
  // Made by the argon2 command of the reference implementation: "password", salt "somesalt".
  constexpr std::string_view hash =
      "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  EXPECT_EQ(verify_password(hash, "password"), true);
  EXPECT_EQ(verify_password(hash, "passwork"), false);
  constexpr std::string_view two_lanes =
      "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
  EXPECT_EQ(verify_password(two_lanes, "password"), true);
}

TEST(Password, RefusesMalformedHashes) {
  std::string good = *hash_password("x", k_cheap);
  for (std::string hash :
       {std::string(), std::string("x"), std::string("$argon2id$v=19$m="), "x" + good, good + "$",
        good + "=", good + "AA", good.substr(0, 40), "{SSHA}" + good,
        std::string("$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("$argon2id$v=19$m=64,t=1,p=1$c29t$AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA"),
        std::string("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHR$AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("$argon2id$v=19$m=+64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("$argon2id$v=19$m=64,t=1,p=1$c29tZ XNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + std::string(4000, 'A')}) {
    auto result = verify_password(hash, "x");
    ASSERT_FALSE(result) << hash;
    EXPECT_EQ(result.error(), PasswordError::bad_hash) << hash;
  }
  // Every truncation of a good one is either unreadable or the hash of nothing that we know.
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_NE(verify_password(good.substr(0, n), "x"), true) << n;
  }
}

TEST(Password, AHostileHashCannotExhaustTheMachine) {
  constexpr std::string_view tail = "$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA";
  for (const char* cost : {"m=4294967295,t=1,p=1", "m=64,t=4294967295,p=1", "m=64,t=1,p=0",
                           "m=0,t=1,p=1", "m=64,t=0,p=1", "m=64,t=1,p=16"}) {
    auto result = verify_password("$argon2id$v=19$" + std::string(cost) + std::string(tail), "x");
    ASSERT_FALSE(result) << cost;
    EXPECT_EQ(result.error(), PasswordError::bad_cost) << cost;
  }
  std::string long_password(k_longest_password + 1, 'x');
  EXPECT_EQ(hash_password(long_password, k_cheap).error(), PasswordError::too_long);
  verify_nothing(long_password, k_cheap);
  verify_nothing("x", k_cheap);
}

// A secret is compared by name of the function that does it safely (V35).
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };
static_assert(!Comparable<Secret>);
static_assert(!std::copy_constructible<Secret>);

}  // namespace
}  // namespace peregrine::crypto
