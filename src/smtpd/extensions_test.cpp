// Sessions that use what EHLO offers.

#include <gtest/gtest.h>

#include "smtpd/envelope.h"
#include "smtpd/session_fixture.h"

namespace peregrine::smtpd {
namespace {

using namespace std::string_literals;

const Step k_full{"RCPT TO:<full@example.test>\r\n"};

Step chunk(const std::string& octets, bool is_last) {
  return {"BDAT " + std::to_string(octets.size()) + (is_last ? " LAST\r\n" : "\r\n") + octets};
}

TEST(Chunking, DeliversWhatTheChunksHold) {
  SessionFixture fixture;
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, chunk("Subject: x\r", false),
                                   chunk("\n\r\n.\r\nBDAT 0", false), chunk("", true), k_quit});
  EXPECT_EQ(codes(said), "250 250 250 250 250 250 221");
  ASSERT_EQ(fixture.delivered.size(), 1U);
  EXPECT_TRUE(fixture.delivered[0].content().raw().ends_with("Subject: x\r\n\r\n.\r\nBDAT 0\r\n"));
}

TEST(Chunking, PipelinesWithEverything) {
  SessionFixture fixture;
  Step burst{"MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nBDAT 4\r\nx: yBDAT 4 LAST\r\n\r\n\r\n" +
                 k_mail.send + "RSET\r\n",
             6};
  EXPECT_EQ(codes(fixture.play({k_ehlo, burst, k_quit})), "250 250 250 250 250 250 250 221");
  EXPECT_EQ(fixture.delivered.size(), 1U);
}

TEST(Chunking, SwallowsTheChunksOfWhatFailed) {
  SessionFixture fixture;
  Step burst{"RCPT TO:<nobody@example.test>\r\nBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nRSET\r\n", 3};
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, burst, k_rcpt, k_quit})),
            "250 250 550 503 503 250 221");
  EXPECT_TRUE(fixture.delivered.empty());
  EXPECT_FALSE(fixture.is_offence);
}

TEST(Chunking, DataAndBdatDoNotMix) {
  SessionFixture fixture;
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, chunk("x: y\r\n", false), k_data, k_rcpt,
                                k_mail, chunk("\r\n", true), chunk("x", true), k_data, k_quit})),
            "250 250 250 250 503 503 503 250 503 503 221");
  EXPECT_EQ(fixture.delivered.size(), 1U);
}

TEST(Chunking, RsetForgetsTheChunks) {
  SessionFixture fixture;
  fixture.play({k_ehlo,
                k_mail,
                k_rcpt,
                chunk("x: first\r\n", false),
                {"RSET\r\n"},
                k_mail,
                k_rcpt,
                chunk("x: second\r\n\r\n", true),
                k_quit});
  ASSERT_EQ(fixture.delivered.size(), 1U);
  EXPECT_EQ(fixture.delivered[0].content().raw().find("first"), std::string::npos);
}

// V12: what is not made of lines could be split where it leaves by DATA.
TEST(Chunking, OnlyBinaryMimeHasOtherThanLines) {
  for (const std::string& octets : {"x: y\r\n\r\na\nb"s, "x: y\r\n\r\na\rb"s, "a\0b"s, "a\r"s}) {
    SessionFixture fixture;
    std::string said = fixture.play(
        {k_ehlo, k_mail, k_rcpt, chunk(octets, true), k_data, chunk("x", true), k_mail, k_quit});
    EXPECT_EQ(codes(said), "250 250 250 550 503 503 250 221") << testing::PrintToString(octets);
    EXPECT_NE(said.find("550 5.6.1 "), std::string::npos);
    EXPECT_TRUE(fixture.delivered.empty());
  }
  SessionFixture binary;
  Step mail{"MAIL FROM:<> BODY=BINARYMIME\r\n"};
  std::string octets = "x: y\r\n\r\n\0\n\r\xff"s;
  std::string said = binary.play({k_ehlo, mail, k_rcpt, k_data, chunk(octets, true), k_quit});
  EXPECT_EQ(codes(said), "250 250 250 503 250 221");
  ASSERT_EQ(binary.delivered.size(), 1U);
  EXPECT_TRUE(binary.delivered[0].content().raw().ends_with(octets));
  EXPECT_TRUE(binary.delivered[0].envelope().binary());
  EXPECT_TRUE(binary.delivered[0].envelope().eight_bit());
}

TEST(Chunking, LimitsHold) {
  SessionFixture fixture;
  fixture.settings.limits.message_size = 64;
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, chunk(std::string(60, 'x'), false),
                                chunk(std::string(60, 'x'), false), k_mail, k_quit})),
            "250 250 250 250 552 250 221");
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, {"BDAT 18446744073709551615\r\nx"}});
  EXPECT_EQ(codes(said), "250 250 250 552");
  EXPECT_TRUE(fixture.is_offence);
}

// S-BDAT-TINY.
TEST(Chunking, SmallChunksComeToAnEnd) {
  SessionFixture fixture;
  std::string tiny;
  for (int i = 0; i < 5000; ++i) tiny += "BDAT 1\r\nx";
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, {tiny, 101}});
  EXPECT_TRUE(codes(said).ends_with("250 421"));
  EXPECT_TRUE(fixture.is_offence);
}

TEST(Chunking, WithoutASizeNothingFollows) {
  for (const char* line :
       {"BDAT\r\n", "BDAT x LAST\r\nQUIT\r\n", "BDAT 99999999999999999999\r\n"}) {
    SessionFixture fixture;
    EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, {line}})), "250 250 250 501");
    EXPECT_TRUE(fixture.is_offence);
  }
  SessionFixture off;
  off.settings.smtp.disabled_extensions = {"CHUNKING"};
  std::string said = off.play({k_ehlo, k_mail, k_rcpt, {"BDAT 1\r\n"}, k_quit});
  EXPECT_EQ(codes(said), "250 250 250 502 221");
  EXPECT_EQ(said.find("CHUNKING"), std::string::npos);
  EXPECT_EQ(said.find("BINARYMIME"), std::string::npos);
}

TEST(Chunking, LmtpAnswersForEachRecipientAtTheEnd) {
  SessionFixture fixture;
  fixture.facts.service = Service::lmtp;
  Step last = chunk("\r\n", true);
  last.replies = 2;
  EXPECT_EQ(codes(fixture.play(
                {{"LHLO a\r\n"}, k_mail, k_rcpt, k_full, chunk("x: y\r\n", false), last, k_quit})),
            "250 250 250 250 250 250 452 221");
}

TEST(Extensions, TravelAsValues) {
  SessionFixture fixture;
  fixture.facts.tls = rpc::TlsFacts{.version = "TLSv1.3", .cipher = "x"};
  Step mail{"MAIL FROM:<a@remote.example> RET=HDRS ENVID=id+2B1 REQUIRETLS MT-PRIORITY=-3\r\n"};
  Step rcpt{"RCPT TO:<b@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+40d.example\r\n"};
  Step text{"TLS-Required: No\r\n\r\n\xc3\xa4\r\n.\r\n"};
  EXPECT_EQ(codes(fixture.play({k_ehlo, mail, rcpt, k_data, text, k_quit})),
            "250 250 250 354 250 221");
  ASSERT_EQ(fixture.delivered.size(), 1U);
  const api::Envelope& envelope = fixture.delivered[0].envelope();
  EXPECT_EQ(envelope.dsn_ret(), "HDRS");
  EXPECT_EQ(envelope.dsn_envid(), "id+1");
  EXPECT_TRUE(envelope.require_tls());
  EXPECT_FALSE(envelope.tls_optional());
  EXPECT_TRUE(envelope.eight_bit());
  EXPECT_EQ(envelope.priority(), -3);
  const api::Recipient& recipient = fixture.delivered[0].recipients(0);
  EXPECT_EQ(recipient.notify(), 10U);
  EXPECT_EQ(recipient.orcpt(), "rfc822;c@d.example");
}

TEST(Extensions, NobodyRaisesAPriority) {
  SessionFixture fixture;
  Step mail{"MAIL FROM:<> MT-PRIORITY=4\r\n"};
  std::string said = fixture.play({k_ehlo, mail, k_rcpt, k_data, k_text, k_quit});
  EXPECT_NE(said.find("250 2.3.6 0 is"), std::string::npos);
  EXPECT_EQ(fixture.delivered.at(0).envelope().priority(), 0);
  EXPECT_EQ(codes(fixture.play({k_ehlo, {"MAIL FROM:<> REQUIRETLS\r\n"}, k_quit})), "250 555 221")
      << "in clear it is not offered";
}

TEST(Extensions, PrdrAnswersForEachOfSeveral) {
  Step mail{"MAIL FROM:<> PRDR\r\n"};
  Step several = k_text;
  several.replies = 4;
  SessionFixture fixture;
  EXPECT_EQ(codes(fixture.play({k_ehlo, mail, k_rcpt, k_full, k_data, several, k_quit})),
            "250 250 250 250 354 353 250 452 250 221");
  SessionFixture one;
  EXPECT_EQ(codes(one.play({k_ehlo, mail, k_rcpt, k_data, k_text, k_quit})),
            "250 250 250 354 250 221");
  SessionFixture none;
  EXPECT_EQ(codes(none.play({k_ehlo, mail, k_full, k_full, k_data, several, k_quit})),
            "250 250 250 250 354 353 452 452 452 221");
}

TEST(Extensions, MailMaxHolds) {
  SessionFixture fixture;
  fixture.settings.limits.messages_per_session = 2;
  std::string said = fixture.play({k_ehlo, k_mail, {"RSET\r\n"}, k_mail, {"RSET\r\n"}, k_mail});
  EXPECT_NE(said.find("LIMITS MAILMAX=2 RCPTMAX=1000"), std::string::npos);
  EXPECT_EQ(codes(said), "250 250 250 250 250 421");
  EXPECT_FALSE(fixture.is_offence);
}

TEST(Stages, AStrangerHasLessTime) {
  SessionFixture fixture;
  fixture.facts.is_loopback = false;
  fixture.settings.limits.smtp_hello = std::chrono::milliseconds(50);
  EXPECT_EQ(codes(fixture.play({{"NOOP\r\n"}, {"", 1}})), "250 421");
  fixture.settings.limits.smtp_hello = std::chrono::minutes(1);
  fixture.settings.limits.smtp_unproductive = std::chrono::milliseconds(50);
  EXPECT_EQ(codes(fixture.play({k_ehlo, {"", 1}})), "250 421");
  fixture.settings.smtp.trusted_networks = {{"192.0.2.0", 24}};
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_quit})), "250 221");
}

TEST(Envelope, TlsOptionalIsSaidInOneWay) {
  EXPECT_TRUE(says_tls_optional("A: b\r\ntls-required: no\r\n\r\n"));
  EXPECT_TRUE(says_tls_optional("TLS-Required:\r\n No \r\n"));
  for (const char* header :
       {"", "TLS-Required: Yes\r\n", "X-TLS-Required: No\r\n", "A: b\r\n TLS-Required: No\r\n",
        "TLS-Required:", "TLS-Required: Not"}) {
    EXPECT_FALSE(says_tls_optional(header)) << header;
  }
}

TEST(Envelope, TimesAreCountedFromNow) {
  smtp::MailFrom mail{.hold = smtp::HoldFor{60},
                      .deliver_by = smtp::DeliverBy{.seconds = 30, .is_return = true}};
  api::Envelope envelope = make_envelope(mail, {}, {}, UnixTime{1000});
  EXPECT_EQ(envelope.hold_until(), 1060);
  EXPECT_EQ(envelope.deliver_by(), 1030);
  EXPECT_TRUE(envelope.deliver_by_return());
}

}  // namespace
}  // namespace peregrine::smtpd
