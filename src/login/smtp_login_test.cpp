#include "login/smtp_login.h"

#include <gtest/gtest.h>

#include "crypto/scram_fixture.h"
#include "login/login_fixture.h"
#include "text/base64.h"

namespace peregrine::login {
namespace {

using namespace std::string_literals;

const Step k_ehlo{"EHLO client.example.test\r\n"};
const Step k_quit{"QUIT\r\n"};

std::string base64(const std::string& text) {
  return text::base64_encode(text);
}

std::string plain(const std::string& name, const std::string& password) {
  return base64("\0"s + name + "\0"s + password);
}

/// The codes of the replies, with their enhanced ones: "250 535/5.7.8".
std::string codes(BytesView said) {
  std::string out;
  for (std::size_t at = 0; at < said.size();) {
    std::size_t end = said.find("\r\n", at);
    if (end == BytesView::npos) break;
    BytesView line = said.substr(at, end - at);
    at = end + 2;
    if (line.size() < 4 || line[3] != ' ') continue;
    if (!out.empty()) out += ' ';
    out += line.substr(0, 3);
    if (line.size() > 9 && line[5] == '.' && line[7] == '.') {
      out += '/' + std::string(line.substr(4, line.find(' ', 4) - 4));
    }
  }
  return out;
}

std::string last_line(const std::string& said) {
  std::size_t end = said.size() - 2;
  std::size_t start = said.rfind("\r\n", end - 1);
  start = start == std::string::npos ? 0 : start + 2;
  return said.substr(start, end - start);
}

TEST(SmtpLogin, MovesTheClientOnWithoutAWord) {
  LoginFixture fixture;
  std::string said = fixture.play(
      {k_ehlo, {"AUTH PLAIN " + plain("anna", "secret") + "\r\nMAIL FROM:<a@b.test>\r\n", 0}});
  EXPECT_EQ(codes(said), "250");
  ASSERT_NE(fixture.move(), nullptr);
  EXPECT_EQ(fixture.move()->role, Role::submission);
  EXPECT_EQ(fixture.move()->ticket, k_ticket);
  EXPECT_EQ(fixture.move()->hello, "client.example.test");
  EXPECT_EQ(fixture.move()->unread, "MAIL FROM:<a@b.test>\r\n");
  EXPECT_FALSE(fixture.is_offence);
}

TEST(SmtpLogin, OffersWhatTheConnectionAllows) {
  LoginFixture in_tls;
  std::string said = in_tls.play({k_ehlo, k_quit});
  EXPECT_NE(said.find("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN "
                      "LOGIN\r\n"),
            std::string::npos);
  EXPECT_EQ(said.find("STARTTLS"), std::string::npos);
  LoginFixture in_clear;
  in_clear.facts.tls.reset();
  said = in_clear.play({k_ehlo, k_quit});
  EXPECT_NE(said.find("STARTTLS\r\n"), std::string::npos);
  EXPECT_EQ(said.find("AUTH"), std::string::npos);
  LoginFixture on_loopback;
  on_loopback.facts.tls.reset();
  on_loopback.facts.is_loopback = true;
  on_loopback.settings.auth.allow_plaintext_loopback = true;
  on_loopback.settings.auth.scram_sha1 = false;
  said = on_loopback.play({k_ehlo, k_quit});
  EXPECT_NE(said.find("AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n"), std::string::npos);
  EXPECT_NE(said.find("STARTTLS\r\n"), std::string::npos);
}

TEST(SmtpLogin, RunsPlainInTwoStepsAndLogin) {
  LoginFixture fixture;
  std::string said =
      fixture.play({k_ehlo, {"AUTH PLAIN\r\n"}, {plain("anna", "secret") + "\r\n", 0}});
  EXPECT_EQ(codes(said), "250 334");
  EXPECT_EQ(last_line(said), "334 ");
  EXPECT_NE(fixture.move(), nullptr);
  for (bool has_initial : {true, false}) {
    LoginFixture login;
    std::vector<Step> steps = {k_ehlo};
    if (has_initial) {
      steps.push_back({"AUTH LOGIN " + base64("anna") + "\r\n"});
    } else {
      steps.push_back({"AUTH LOGIN\r\n"});
      steps.push_back({base64("anna") + "\r\n"});
    }
    steps.push_back({base64("secret") + "\r\n", 0});
    said = login.play(steps);
    EXPECT_EQ(last_line(said), "334 " + base64("Password:"));
    EXPECT_NE(login.move(), nullptr);
  }
}

/// Plays SCRAM-SHA-256(-PLUS) with the password.
std::string play_scram(LoginFixture& fixture, const std::string& password,
                       const std::string& header, const std::string& binding,
                       std::vector<Step> rest) {
  std::string mechanism = header.starts_with("p=") ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
  std::string bare = "n=anna,r=abc";
  auto make_final = [=](const std::string& said) {
    std::string first = text::base64_decode(last_line(said).substr(4)).value_or("");
    std::string without = "c=" + base64(binding) + ",r=abcSERVER";
    crypto::ScramClient client(crypto::ScramHash::sha256, password, "salt", 4096);
    return base64(without + ",p=" + base64(client.proof(bare + ',' + first + ',' + without))) +
           "\r\n";
  };
  std::vector<Step> steps = {
      k_ehlo, {"AUTH " + mechanism + " " + base64(header + bare) + "\r\n"}, {"", 1, make_final}};
  for (Step& step : rest) steps.push_back(std::move(step));
  return fixture.play(std::move(steps));
}

TEST(SmtpLogin, RunsScram) {
  for (const char* header : {"n,,", "p=tls-exporter,,"}) {
    LoginFixture fixture;
    std::string binding = header + (*header == 'p' ? "exporter"s : ""s);
    std::string said = play_scram(fixture, "secret", header, binding, {{"\r\n", 0}});
    EXPECT_EQ(codes(said), "250 334 334");
    // RFC 4954 section 4: the server's signature is a challenge of its own, and 235 comes behind.
    EXPECT_TRUE(text::base64_decode(last_line(said).substr(4))->starts_with("v="));
    ASSERT_NE(fixture.move(), nullptr) << said;
    EXPECT_EQ(fixture.move()->ticket, k_ticket);
  }
}

TEST(SmtpLogin, RefusesScramThatIsNotRight) {
  LoginFixture wrong;
  EXPECT_EQ(codes(play_scram(wrong, "Secret", "n,,", "n,,", {k_quit})),
            "250 334 535/5.7.8 221/2.0.0");
  EXPECT_EQ(wrong.move(), nullptr);
  LoginFixture unbound;
  EXPECT_EQ(
      codes(play_scram(unbound, "secret", "p=tls-exporter,,", "p=tls-exporter,,other", {k_quit})),
      "250 334 535/5.7.8 221/2.0.0");
  // The client believes that there is no -PLUS: refused before core is asked.
  LoginFixture downgraded;
  std::string said = downgraded.play(
      {k_ehlo, {"AUTH SCRAM-SHA-256 " + base64("y,,n=anna,r=abc") + "\r\n"}, k_quit});
  EXPECT_EQ(codes(said), "250 535/5.7.8 221/2.0.0");
  LoginFixture other;
  said = other.play(
      {k_ehlo, {"AUTH SCRAM-SHA-256 " + base64("n,a=bob,n=anna,r=abc") + "\r\n"}, k_quit});
  EXPECT_EQ(codes(said), "250 535/5.7.8 221/2.0.0");
  EXPECT_EQ(downgraded.asked + other.asked, 0U);
  LoginFixture busy;
  said = busy.play({k_ehlo, {"AUTH SCRAM-SHA-256 " + base64("n,,n=busy,r=abc") + "\r\n"}, k_quit});
  EXPECT_EQ(codes(said), "250 454/4.7.0 221/2.0.0");
  // Right until the client does not like the signature.
  LoginFixture doubtful;
  EXPECT_EQ(codes(play_scram(doubtful, "secret", "n,,", "n,,", {{"*\r\n"}, k_quit})),
            "250 334 334 501/5.7.0 221/2.0.0");
  EXPECT_EQ(doubtful.move(), nullptr);
}

TEST(SmtpLogin, AnswersAuthAsRfc4954Says) {
  LoginFixture fixture;
  fixture.settings.limits.errors_per_session = 100;
  std::string said = fixture.play({{"AUTH PLAIN =\r\n"},
                                   {"HELO client\r\n"},
                                   {"AUTH PLAIN =\r\n"},
                                   k_ehlo,
                                   {"AUTH\r\n"},
                                   {"AUTH CRAM-MD5\r\n"},
                                   {"AUTH EXTERNAL =\r\n"},
                                   {"AUTH PLAIN *\r\n"},
                                   {"AUTH PLAIN !!!!\r\n"},
                                   {"AUTH PLAIN =\r\n"},
                                   {"AUTH PLAIN a b\r\n"},
                                   {"AUTH PLAIN\r\n"},
                                   {"*\r\n"},
                                   {"AUTH PLAIN\r\n"},
                                   {"NOOP\r\n"},
                                   {"NOOP\r\n"},
                                   {"AUTH PLAIN " + plain("anna", "wrong") + "\r\n"},
                                   {"AUTH PLAIN " + base64("bob\0anna\0secret"s) + "\r\n"},
                                   {"AUTH PLAIN " + plain("busy", "secret") + "\r\n"},
                                   k_quit});
  EXPECT_EQ(codes(said),
            "503/5.5.1 250 503/5.5.1 250 501/5.5.4 504/5.5.4 504/5.5.4 501/5.5.2 501/5.5.2 "
            "501/5.5.2 501/5.5.4 334 501/5.7.0 334 501/5.5.2 250/2.0.0 535/5.7.8 535/5.7.8 "
            "454/4.7.0 221/2.0.0");
  LoginFixture alone;
  alone.has_core = false;
  said = alone.play({k_ehlo, {"AUTH PLAIN " + plain("anna", "secret") + "\r\n"}, k_quit});
  EXPECT_EQ(codes(said), "250 454/4.7.0 221/2.0.0");
}

TEST(SmtpLogin, TakesLongLinesOfAnExchangeAndNoLonger) {
  LoginFixture fixture;
  std::string long_name = base64(std::string(9000, 'a'));
  std::string said = fixture.play({k_ehlo,
                                   {"AUTH PLAIN " + long_name + "\r\n"},
                                   {"AUTH PLAIN\r\n"},
                                   {long_name + "\r\n"},
                                   {"AUTH PLAIN\r\n"},
                                   {std::string(13000, 'A') + "\r\n"},
                                   {"NOOP " + std::string(3000, 'x') + "\r\n"},
                                   {"NOOP\r\n"},
                                   k_quit});
  EXPECT_EQ(codes(said), "250 501/5.5.2 334 501/5.5.2 334 500/5.5.6 500/5.5.2 250/2.0.0 221/2.0.0");
  EXPECT_EQ(fixture.asked, 0U);
}

TEST(SmtpLogin, GivesNothingToWhoHasNotLoggedIn) {
  LoginFixture fixture;
  fixture.settings.limits.errors_per_session = 100;
  std::string said = fixture.play({{"MAIL FROM:<a@b.test>\r\n"},
                                   k_ehlo,
                                   {"MAIL FROM:<a@b.test>\r\n"},
                                   {"RCPT TO:<a@b.test>\r\n"},
                                   {"DATA\r\n"},
                                   {"VRFY a\r\n"},
                                   {"EXPN a\r\n"},
                                   {"HELP\r\n"},
                                   {"RSET\r\n"},
                                   {"NOOP\r\n"},
                                   {"LHLO x\r\n"},
                                   {"ETRN x\r\n"},
                                   {"STARTTLS\r\n"},
                                   k_quit});
  EXPECT_EQ(codes(said),
            "530/5.7.0 250 530/5.7.0 530/5.7.0 530/5.7.0 502/5.5.1 502/5.5.1 214/2.0.0 250/2.0.0 "
            "250/2.0.0 500/5.5.1 500/5.5.1 503/5.5.1 221/2.0.0");
}

TEST(SmtpLogin, InTheClearOnlyTlsCanBegin) {
  LoginFixture fixture;
  fixture.facts.tls.reset();
  fixture.facts.service = Service::submission;
  fixture.settings.limits.errors_per_session = 100;
  std::string said = fixture.play({{"HELO client\r\n"},
                                   {"NOOP\r\n"},
                                   k_ehlo,
                                   {"AUTH PLAIN " + plain("anna", "secret") + "\r\n"},
                                   {"MAIL FROM:<a@b.test>\r\n"},
                                   {"STARTTLS now\r\n"},
                                   {"STARTTLS\r\n"}});
  EXPECT_EQ(codes(said), "530/5.7.0 250/2.0.0 250 530/5.7.0 530/5.7.0 501/5.5.4 220/2.0.0");
  EXPECT_NE(said.find("530 5.7.0 Must issue a STARTTLS command first\r\n"), std::string::npos);
  EXPECT_TRUE(std::holds_alternative<role::BeginTls>(fixture.end));
  EXPECT_EQ(fixture.asked, 0U);
}

TEST(SmtpLogin, BytesBehindStartTlsEndTheConnection) {
  LoginFixture fixture;
  fixture.facts.tls.reset();
  std::string said = fixture.play({k_ehlo, {"STARTTLS\r\nEHLO injected\r\n"}});
  EXPECT_EQ(codes(said), "250 554/5.5.0");
  EXPECT_TRUE(std::holds_alternative<role::Closed>(fixture.end));
  EXPECT_TRUE(fixture.is_offence);
}

TEST(SmtpLogin, WhatIsNoSmtpEndsTheConnection) {
  for (const std::string& text : {"GET / HTTP/1.1\r\n"s, "\x16\x03\x01\r\n"s, "EHLO a\nNOOP\n"s,
                                  "EHLO a\rb\r\n"s, "NOOP\0\r\n"s, "EHLO a\r\nNOOP\r\n"s}) {
    LoginFixture fixture;
    std::string said = fixture.play({{text}});
    EXPECT_TRUE(fixture.is_offence) << text;
    EXPECT_TRUE(said.starts_with("5")) << said;
    EXPECT_TRUE(std::holds_alternative<role::Closed>(fixture.end));
  }
}

TEST(SmtpLogin, EndsWhenEnoughWasWrong) {
  LoginFixture guessing;
  std::string wrong = "AUTH PLAIN " + plain("anna", "wrong") + "\r\n";
  std::string said = guessing.play({k_ehlo, {wrong}, {wrong}, {wrong, 2}});
  EXPECT_EQ(codes(said), "250 535/5.7.8 535/5.7.8 535/5.7.8 421/4.7.0");
  EXPECT_TRUE(guessing.is_offence);
  LoginFixture clumsy;
  clumsy.settings.limits.errors_per_session = 2;
  said = clumsy.play({{"WHAT\r\n"}, {"WHAT\r\n", 2}});
  EXPECT_EQ(codes(said), "500/5.5.1 500/5.5.1 421/4.7.0");
  EXPECT_TRUE(clumsy.is_offence);
}

}  // namespace
}  // namespace peregrine::login
