#include "proto/sasl/sasl.h"

#include <algorithm>
#include <concepts>
#include <gtest/gtest.h>
#include <string>

namespace peregrine::sasl {
namespace {

using namespace std::string_literals;

const Context k_all{
    .offers_login = true, .tls_exporter = "exporter", .tls_server_end_point = "end"};

static_assert(!std::equality_comparable<Secret>);
static_assert(!std::copyable<Secret> && std::movable<Secret>);

TEST(Secret, MovesAndIsWiped) {
  Secret secret("pass");
  Secret moved = std::move(secret);
  EXPECT_EQ(moved.reveal(), "pass");
  EXPECT_TRUE(secret.empty());
  moved = Secret("other");
  EXPECT_EQ(moved.reveal(), "other");
  moved.wipe();
  EXPECT_TRUE(moved.empty());
  std::string source = "taken";
  EXPECT_EQ(Secret::take(std::move(source)).reveal(), "taken");
}

TEST(Secret, ComparesInConstantTime) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

TEST(SaslPlain, ReadsItsThreeParts) {
  auto login = parse_plain("\0anna\0secret"s);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->authorization_id, "");
  EXPECT_EQ(login->authentication_id, "anna");
  EXPECT_EQ(login->password.reveal(), "secret");
  EXPECT_EQ(parse_plain("b\xc3\xb6rn\0anna\0p \t\x01"s)->authorization_id, "b\xc3\xb6rn");
  EXPECT_TRUE(parse_plain(std::string(255, 'z') + '\0' + std::string(255, 'c') + '\0' +
                          std::string(255, 'p')));
}

TEST(SaslPlain, RefusesEverythingElse) {
  for (const std::string& message :
       {""s, "anna"s, "\0anna"s, "anna\0secret"s, "\0\0secret"s, "\0anna\0"s, "\0anna\0a\0b"s,
        "\0\0"s, "\0\0\0"s, "\0an\nna\0p"s, "\xff\0anna\0p"s, "\0\xc3\0p"s, "\0anna\0\xc0\x80"s,
        "\0anna\0\xed\xa0\x80"s, '\0' + std::string(256, 'a') + "\0p"s,
        "\0a\0"s + std::string(1025, 'p')}) {
    EXPECT_FALSE(parse_plain(message)) << testing::PrintToString(message);
  }
}

// V18: every mechanism × what the authorization identity says.
TEST(SaslPlain, TellsWhenTheClientWantsToBeSomebodyElse) {
  EXPECT_FALSE(parse_plain("\0anna@d.example\0p"s)->is_for_other());
  EXPECT_FALSE(parse_plain("anna@d.example\0anna@d.example\0p"s)->is_for_other());
  EXPECT_FALSE(parse_plain("Anna@D.example\0anna@d.example\0p"s)->is_for_other());
  EXPECT_TRUE(parse_plain("bob@d.example\0anna@d.example\0p"s)->is_for_other());
  EXPECT_TRUE(parse_plain("admin\0anna@d.example\0p"s)->is_for_other());
  EXPECT_TRUE(parse_plain(" \0anna@d.example\0p"s)->is_for_other());
}

TEST(SaslServer, RunsPlainWithAndWithoutAnInitialResponse) {
  auto server = make_server("plain", {});
  ASSERT_TRUE(server);
  EXPECT_EQ(std::get<Challenge>(server->start()).data, "");
  EXPECT_EQ(std::get<PasswordLogin>(server->respond("\0a\0b"s)).authentication_id, "a");
  EXPECT_EQ(std::get<SaslError>(server->respond("x")), SaslError::malformed);
}

TEST(SaslServer, HasNoLegacyMechanism) {
  for (const char* name :
       {"CRAM-MD5", "DIGEST-MD5", "NTLM", "APOP", "ANONYMOUS", "EXTERNAL", "GSSAPI", "",
        "SCRAM-SHA-512", "SCRAM-SHA-256-PLUS-PLUS", "SCRAM-", "-PLUS"}) {
    EXPECT_EQ(make_server(name, k_all), nullptr) << name;
  }
}

TEST(SaslServer, MakesExactlyWhatIsOffered) {
  const Context in_clear{};
  const Context without_sha1{.offers_scram_sha1 = false, .tls_exporter = "e"};
  for (const Context& context : {k_all, in_clear, without_sha1}) {
    auto offered = mechanisms(context);
    for (std::string_view name : mechanisms(k_all)) {
      bool is_offered = std::ranges::find(offered, name) != offered.end();
      EXPECT_EQ(make_server(name, context) != nullptr, is_offered) << name;
    }
  }
  EXPECT_EQ(mechanisms(k_all).size(), 6U);
  EXPECT_EQ(mechanisms(in_clear),
            (std::vector<std::string_view>{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"}));
}

TEST(SaslServer, AsksForANameAndAPasswordInLogin) {
  auto server = make_server("login", k_all);
  EXPECT_EQ(std::get<Challenge>(server->start()).data, "Username:");
  EXPECT_EQ(std::get<Challenge>(server->respond("anna")).data, "Password:");
  auto login = std::get<PasswordLogin>(server->respond("secret"));
  EXPECT_EQ(login.authentication_id, "anna");
  EXPECT_EQ(login.password.reveal(), "secret");
  EXPECT_EQ(std::get<SaslError>(make_server("LOGIN", k_all)->respond("")), SaslError::malformed);
  EXPECT_EQ(std::get<SaslError>(make_server("LOGIN", k_all)->respond("a\nb")),
            SaslError::malformed);
  for (const std::string& password : {""s, "a\0b"s, "\xff"s, std::string(1025, 'p')}) {
    server = make_server("LOGIN", k_all);
    EXPECT_TRUE(std::holds_alternative<Challenge>(server->respond("anna")));
    EXPECT_EQ(std::get<SaslError>(server->respond(password)), SaslError::malformed);
  }
}

TEST(SaslResponse, IsStrictBase64) {
  EXPECT_EQ(decode_response("AGEAYg==")->reveal(), "\0a\0b"s);
  EXPECT_TRUE(decode_response("")->empty());
  EXPECT_EQ(decode_response("*").error(), SaslError::cancelled);
  for (const char* bad : {"AGEAYg=", "AGEAYg", "AGEA Yg==", "AGEAYh==", "=", "**", "A\r\n"}) {
    EXPECT_EQ(decode_response(bad).error(), SaslError::bad_base64) << bad;
  }
  EXPECT_TRUE(decode_initial_response("=")->empty());
  EXPECT_EQ(decode_initial_response("AGEAYg==")->reveal(), "\0a\0b"s);
  EXPECT_FALSE(decode_initial_response(""));
  EXPECT_FALSE(decode_initial_response("*"));
}

}  // namespace
}  // namespace peregrine::sasl
