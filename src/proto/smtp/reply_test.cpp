#include "proto/smtp/reply.h"

#include <gtest/gtest.h>
#include <string>

#include "proto/smtp/extensions.h"
#include "proto/smtp/grammar.h"
#include "proto/smtp/replies.h"

namespace peregrine::smtp {
namespace {

TEST(SmtpReply, IsWrittenWithItsStatusOnEveryLine) {
  EXPECT_EQ(to_wire(k_reply_ok), "250 2.0.0 OK\r\n");
  EXPECT_EQ(to_wire(k_reply_start_data), "354 End data with <CR><LF>.<CR><LF>\r\n");
  EXPECT_EQ(to_wire(Reply(550, {5, 7, 11}, "one").add_line("two").add_line("")),
            "550-5.7.11 one\r\n550-5.7.11 two\r\n550 5.7.11 \r\n");
  EXPECT_EQ(to_wire(greeting("mx.example.org")), "220 mx.example.org ESMTP\r\n");
  EXPECT_EQ(to_wire(auth_challenge("")), "334 \r\n");
}

TEST(SmtpReply, LetsNothingOutThatEndsALineOrIsNotAscii) {
  EXPECT_EQ(to_wire(Reply(550, {}, std::string("a\r\n250 OK\0\t\x7f\xc3\xa4", 14))),
            "550 a??250 OK?????\r\n");
  EXPECT_EQ(to_wire(Reply(250, {2, 0, 0}, std::string(5000, 'x'))).size(), 512U);
  EXPECT_EQ(to_wire(auth_challenge(std::string(5000, 'A'))).size(), 5006U);
}

TEST(SmtpReply, AnswersEhloWithWhatIsOfferedAndNothingElse) {
  EXPECT_EQ(to_wire(hello_reply("mx.example.org", {})), "250 mx.example.org\r\n");
  Extensions offered{.pipelining = true,
                     .max_size = 1000,
                     .eight_bit_mime = true,
                     .smtp_utf8 = true,
                     .enhanced_status_codes = true,
                     .start_tls = true,
                     .auth_mechanisms = {"PLAIN", "X"}};
  EXPECT_EQ(to_wire(hello_reply("h", offered)),
            "250-h\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
            "250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250 AUTH PLAIN X\r\n");
}

TEST(SmtpReply, HasAStatusOfTheSameClassAsItsCode) {
  // RFC 2034 section 4.
  for (int i = 0; i <= static_cast<int>(CommandError::too_big); ++i) {
    const FixedReply& reply = reply_to(static_cast<CommandError>(i));
    EXPECT_EQ(reply.code / 100, reply.status.status_class) << reply.text;
    EXPECT_FALSE(is_positive(reply.code));
  }
  for (const FixedReply& reply :
       {k_reply_ok, k_reply_not_verified, k_reply_closing, k_reply_timeout, k_reply_no_storage,
        k_reply_tls_unavailable, k_reply_auth_failed, k_reply_relay_denied, k_reply_bare_control}) {
    EXPECT_EQ(reply.code / 100, reply.status.status_class) << reply.text;
  }
}

}  // namespace
}  // namespace peregrine::smtp
