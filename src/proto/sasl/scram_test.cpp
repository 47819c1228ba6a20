#include "proto/sasl/scram.h"

#include <gtest/gtest.h>

#include "text/base64.h"

namespace peregrine::sasl {
namespace {

using namespace std::string_literals;

const Context k_tls{.tls_exporter = "exporter", .tls_server_end_point = "end point"};
const Context k_clear{};

std::string c_of(std::string_view binding) {
  return "c=" + text::base64_encode(binding);
}

SaslError error_of(const Step& step) {
  return std::holds_alternative<SaslError>(step) ? std::get<SaslError>(step) : SaslError::cancelled;
}

// RFC 7677 section 3.
constexpr std::string_view k_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view k_server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view k_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view k_signature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

TEST(ScramServer, PlaysTheExampleOfTheRfc) {
  auto server = make_server("SCRAM-SHA-256", k_clear);
  EXPECT_EQ(std::get<Challenge>(server->start()).data, "");
  auto start = std::get<ScramStart>(server->respond(k_first));
  EXPECT_EQ(start.hash, crypto::ScramHash::sha256);
  EXPECT_EQ(start.authentication_id, "user");
  EXPECT_EQ(start.client_nonce, "rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(start.client_first_bare, "n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(std::get<Challenge>(server->resume(k_server_first)).data, k_server_first);
  auto proof = std::get<ScramProof>(server->respond(k_final));
  EXPECT_EQ(proof.client_final_without_proof, k_final.substr(0, k_final.find(",p=")));
  EXPECT_EQ(proof.proof.size(), 32U);
  Bytes signature = *text::base64_decode(k_signature);
  EXPECT_EQ(std::get<Challenge>(server->resume(signature)).data, "v="s + k_signature.data());
  EXPECT_TRUE(std::holds_alternative<Finished>(server->respond("")));
  EXPECT_EQ(error_of(server->respond("")), SaslError::malformed);
}

TEST(ScramServer, TakesNothingOutOfTurn) {
  for (int said = 0; said < 4; ++said) {
    auto server = make_server("SCRAM-SHA-256", k_clear);
    if (said > 0) static_cast<void>(server->respond(k_first));
    if (said > 1) static_cast<void>(server->resume(k_server_first));
    if (said > 2) static_cast<void>(server->respond(k_final));
    bool awaits_client = said == 0 || said == 2;
    Step step = awaits_client ? server->resume(k_server_first) : server->respond(k_final);
    EXPECT_EQ(error_of(step), SaslError::malformed) << said;
  }
  // Something in place of nothing, at the end.
  auto server = make_server("SCRAM-SHA-256", k_clear);
  static_cast<void>(server->respond(k_first));
  static_cast<void>(server->resume(k_server_first));
  static_cast<void>(server->respond(k_final));
  static_cast<void>(server->resume("signature"));
  EXPECT_EQ(error_of(server->respond("x")), SaslError::malformed);
}

/// The step after the first message, and after the final one if the first was taken.
Step exchange(std::string_view mechanism, const Context& context, std::string_view header,
              std::string_view binding) {
  auto server = make_server(mechanism, context);
  EXPECT_TRUE(server) << mechanism;
  Step step = server->respond(std::string(header) + "n=user,r=abc");
  if (!std::holds_alternative<ScramStart>(step)) return step;
  EXPECT_TRUE(std::holds_alternative<Challenge>(server->resume("r=abcdef,s=c2FsdA==,i=4096")));
  std::string proof = text::base64_encode(Bytes(32, 'p'));
  return server->respond(c_of(binding) + ",r=abcdef,p=" + proof);
}

TEST(ScramServer, BindsTheExchangeToTheConnection) {
  for (auto [header, data] : {std::pair{"p=tls-exporter,,", "exporter"},
                              std::pair{"p=tls-server-end-point,,", "end point"}}) {
    Step step = exchange("SCRAM-SHA-256-PLUS", k_tls, header, header + std::string(data));
    EXPECT_TRUE(std::holds_alternative<ScramProof>(step)) << header;
    for (const std::string& other :
         {header + "another"s, std::string(header), header + std::string(data) + "x",
          "p=tls-unique,,"s + data, "n,,"s, "y,,"s}) {
      EXPECT_EQ(error_of(exchange("SCRAM-SHA-256-PLUS", k_tls, header, other)),
                SaslError::bad_binding)
          << other;
    }
  }
}

TEST(ScramServer, DetectsADowngrade) {
  // A client that can bind was shown a list without -PLUS.
  EXPECT_EQ(error_of(exchange("SCRAM-SHA-256", k_tls, "y,,", "y,,")), SaslError::bad_binding);
  // It tells the truth where nothing can be bound.
  EXPECT_TRUE(std::holds_alternative<ScramProof>(exchange("SCRAM-SHA-256", k_clear, "y,,", "y,,")));
  // One that cannot bind is served.
  EXPECT_TRUE(std::holds_alternative<ScramProof>(exchange("SCRAM-SHA-256", k_tls, "n,,", "n,,")));
  // The flag was changed on the way: c= says what the client had sent.
  EXPECT_EQ(error_of(exchange("SCRAM-SHA-256", k_tls, "n,,", "y,,")), SaslError::bad_binding);
  // A binding and a mechanism that do not go together.
  for (const char* header : {"n,,", "y,,"}) {
    EXPECT_EQ(error_of(exchange("SCRAM-SHA-256-PLUS", k_tls, header, header)),
              SaslError::bad_binding);
  }
  EXPECT_EQ(error_of(exchange("SCRAM-SHA-256", k_tls, "p=tls-exporter,,", "x")),
            SaslError::bad_binding);
  EXPECT_EQ(error_of(exchange("SCRAM-SHA-256-PLUS", k_tls, "p=tls-unique,,", "x")),
            SaslError::bad_binding);
  const Context no_exporter{.tls_server_end_point = "end point"};
  EXPECT_EQ(
      error_of(exchange("SCRAM-SHA-256-PLUS", no_exporter, "p=tls-exporter,,", "p=tls-exporter,,")),
      SaslError::bad_binding);
}

TEST(ScramServer, HoldsTheClientToTheNonceAndTheProofsSize) {
  auto final_of = [](std::string_view message) {
    auto server = make_server("SCRAM-SHA-1", k_clear);
    static_cast<void>(server->respond("n,,n=user,r=abc"));
    static_cast<void>(server->resume("r=abcdef,s=c2FsdA==,i=4096"));
    return server->respond(message);
  };
  std::string good = text::base64_encode(Bytes(20, 'p'));
  EXPECT_TRUE(std::holds_alternative<ScramProof>(final_of("c=biws,r=abcdef,p=" + good)));
  EXPECT_EQ(error_of(final_of("c=biws,r=abc,p=" + good)), SaslError::malformed);
  EXPECT_EQ(error_of(final_of("c=biws,r=abcdefg,p=" + good)), SaslError::malformed);
  EXPECT_EQ(error_of(final_of("c=biws,r=abcdef,p=" + text::base64_encode(Bytes(32, 'p')))),
            SaslError::malformed);
  // A core that does not go on with the client's nonce is not passed on.
  auto server = make_server("SCRAM-SHA-1", k_clear);
  static_cast<void>(server->respond("n,,n=user,r=abc"));
  EXPECT_EQ(error_of(server->resume("r=xyz,s=c2FsdA==,i=4096")), SaslError::malformed);
}

TEST(ScramMessages, ReadsTheClientsFirst) {
  auto first = parse_client_first("p=tls-exporter,a=o=2Cther,n=us=3Der,r=abc!,x=ext=y");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->binding, Binding::used);
  EXPECT_EQ(first->binding_name, "tls-exporter");
  EXPECT_EQ(first->authorization_id, "o,ther");
  EXPECT_EQ(first->authentication_id, "us=er");
  EXPECT_EQ(first->gs2_header, "p=tls-exporter,a=o=2Cther,");
  EXPECT_EQ(first->bare, "n=us=3Der,r=abc!,x=ext=y");
  EXPECT_EQ(parse_client_first("y,,n=j\xc3\xb6s,r=1")->authentication_id, "j\xc3\xb6s");
  ScramStart start{.authorization_id = "bob", .authentication_id = "anna"};
  EXPECT_TRUE(start.is_for_other());
  start.authorization_id = "ANNA";
  EXPECT_FALSE(start.is_for_other());
}

TEST(ScramMessages, RefusesEveryOtherFirst) {
  for (const std::string& message : {""s,
                                     "n"s,
                                     "n,"s,
                                     "n,,"s,
                                     "n,,n=user"s,
                                     "n,,n=user,"s,
                                     "n,,n=user,r="s,
                                     "n,,n=,r=abc"s,
                                     "n,,n=user,r=a c"s,
                                     "n,,n=user,r=abc,"s,
                                     "n,,n=us,er,r=abc"s,
                                     "n,,n=us=er,r=abc"s,
                                     "n,,n=us=2cer,r=abc"s,
                                     "n,,n=us=,r=abc"s,
                                     "n,,n=us=2,r=abc"s,
                                     "x,,n=user,r=abc"s,
                                     "p=,,n=user,r=abc"s,
                                     "p,,n=user,r=abc"s,
                                     "p=tls exporter,,n=user,r=abc"s,
                                     "N,,n=user,r=abc"s,
                                     "n,b=x,n=user,r=abc"s,
                                     "n,a=,n=user,r=abc"s,
                                     "n,,m=x,n=user,r=abc"s,
                                     "n,,r=abc,n=user"s,
                                     "n,,n=us\0er,r=abc"s,
                                     "n,,n=us\ner,r=abc"s,
                                     "n,,n=\xff,r=abc"s,
                                     "n,,n=user,r=\xc3\xb6"s,
                                     "n,,n=user,r=abc,x"s,
                                     "n,,n=user,r=abc,x="s,
                                     "n,,n=user,r=abc,1=2"s,
                                     "n,,n=user,r=abc,,x=y"s,
                                     "n,,n=" + std::string(256, 'n') + ",r=a",
                                     "n,,n=user,r=" + std::string(257, 'r'),
                                     "n,,n=user,r=abc,x=" + std::string(k_max_scram_message, 'y'),
                                     " n,,n=user,r=abc"s}) {
    EXPECT_FALSE(parse_client_first(message)) << testing::PrintToString(message);
  }
  std::string many = "n,,n=user,r=abc";
  for (int i = 0; i < 16; ++i) many += ",x=y";
  EXPECT_TRUE(parse_client_first(many));
  EXPECT_FALSE(parse_client_first(many + ",x=y"));
}

TEST(ScramMessages, RefusesEveryOtherFinal) {
  ASSERT_TRUE(parse_client_final("c=biws,r=abc,p=cA=="));
  EXPECT_EQ(parse_client_final("c=biws,r=abc,p=cA==")->binding, "n,,");
  EXPECT_EQ(parse_client_final("c=biws,r=abc,x=y,p=cA==")->without_proof, "c=biws,r=abc,x=y");
  for (const std::string& message :
       {""s, "c=biws"s, "c=biws,r=abc"s, "c=biws,r=abc,p="s, "c=biws,r=abc,p=c"s,
        "c=biws,r=abc,p=cA"s, "c=biws,r=abc,p=cA==,x=y"s, "c=,r=abc,p=cA=="s, "c=biw,r=abc,p=cA=="s,
        "r=abc,c=biws,p=cA=="s, "c=biws,r=,p=cA=="s, "c=biws,p=cA=="s, "c=biws,r=a\tb,p=cA=="s,
        "c=biws,r=abc,,p=cA=="s, "c=biws,r=abc,x,p=cA=="s, "c=biws,r=abc,p=cA==\n"s,
        "c=biws,r=abc,x=" + std::string(2048, 'y') + ",p=cA=="}) {
    EXPECT_FALSE(parse_client_final(message)) << testing::PrintToString(message);
  }
}

}  // namespace
}  // namespace peregrine::sasl
