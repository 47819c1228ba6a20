// The client's side: replies, offers, commands, data.
#include <gtest/gtest.h>

#include "proto/smtp/client_commands.h"
#include "proto/smtp/data_reader.h"
#include "proto/smtp/data_writer.h"
#include "proto/smtp/server_offers.h"
#include "proto/smtp/server_reply.h"

namespace peregrine::smtp {
namespace {

using namespace std::literals;

/// All events of `input`, fed in pieces of `step` bytes.
std::string events(BytesView input, std::size_t step) {
  ReplyReader reader;
  std::string out;
  for (std::size_t i = 0; i < input.size(); i += step) {
    reader.feed(input.substr(i, step));
    while (true) {
      ReplyEvent event = reader.next();
      if (event == ReplyEvent::need_more) break;
      if (event != ReplyEvent::reply) return out + "!" + std::to_string(static_cast<int>(event));
      out += reader.reply().diagnostic() + "|";
    }
  }
  return out;
}

ServerReply reply_of(BytesView input) {
  ReplyReader reader;
  reader.feed(input);
  EXPECT_EQ(reader.next(), ReplyEvent::reply);
  return reader.reply();
}

TEST(ServerReply, IsReadWhereverTheInputIsCut) {
  BytesView input =
      "220 mx.example\r\n250-mx\r\n250-SIZE\r\n250 DSN\r\n550-5.1.1 No\r\n550 5.1.1 such\r\n";
  for (std::size_t step = 1; step <= input.size(); ++step) {
    EXPECT_EQ(events(input, step), "220 mx.example|250 mx SIZE DSN|550 5.1.1 No such|");
  }
}

TEST(ServerReply, TakesCodesWithoutText) {
  EXPECT_EQ(events("250\r\n250 \r\n354-\r\n354\r\n", 1), "250|250|354|");
}

TEST(ServerReply, RefusesWhatBreaksTheRules) {
  auto failure = [](BytesView input) { return events(input, input.size()); };
  std::string bad_line = "!" + std::to_string(static_cast<int>(ReplyEvent::bad_line));
  std::string bad_code = "!" + std::to_string(static_cast<int>(ReplyEvent::bad_code));
  for (BytesView input : {"250 a\n"sv, "250 a\rb\r\n"sv, "250 a\0\r\n"sv, "250_a\r\n"sv}) {
    EXPECT_EQ(failure(input), bad_line) << input;
  }
  for (BytesView input : {"100 a\r\n"sv, "600 a\r\n"sv, "abc\r\n"sv, "25\r\n"sv, "\r\n"sv,
                          "+50 a\r\n"sv, "250-a\r\n251 b\r\n"sv, "HTTP/1.1 200 OK\r\n"sv}) {
    EXPECT_EQ(failure(input), bad_code) << input;
  }
}

TEST(ServerReply, IsBounded) {
  EXPECT_EQ(events("250 " + std::string(2042, 'x') + "\r\n", 100).size(), k_max_diagnostic + 1);
  std::string bad_line = "!" + std::to_string(static_cast<int>(ReplyEvent::bad_line));
  EXPECT_EQ(events("250 " + std::string(2043, 'x') + "\r\n", 100), bad_line);
  EXPECT_EQ(events(std::string(mib(1), '2'), kib(16)), bad_line);
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "250-x\r\n";
  EXPECT_EQ(events(lines + "250 y\r\n", 64).back(), '|');
  EXPECT_EQ(events(lines + "250-x\r\n250 y\r\n", 64),
            "!" + std::to_string(static_cast<int>(ReplyEvent::too_many_lines)));
}

TEST(ServerReply, StaysBrokenOnceItWas) {
  ReplyReader reader;
  reader.feed("250 a\n250 b\r\n");
  EXPECT_EQ(reader.next(), ReplyEvent::bad_line);
  reader.feed("250 c\r\n");
  EXPECT_EQ(reader.next(), ReplyEvent::bad_line);
}

TEST(ServerReply, TellsOfBytesBehindAReply) {
  ReplyReader reader;
  reader.feed("220 go\r\n");
  EXPECT_EQ(reader.next(), ReplyEvent::reply);
  EXPECT_FALSE(reader.has_buffered());
  reader.feed("250-x\r\n");
  EXPECT_EQ(reader.next(), ReplyEvent::need_more);
  EXPECT_TRUE(reader.has_buffered());
  ReplyReader injected;
  injected.feed("220 go\r\n250");
  EXPECT_EQ(injected.next(), ReplyEvent::reply);
  EXPECT_TRUE(injected.has_buffered());
}

TEST(ServerReply, TakesAStatusOfItsOwnClassAlone) {
  EXPECT_EQ(reply_of("550 5.7.1 no\r\n").status_text(), "5.7.1");
  EXPECT_EQ(reply_of("550 4.7.1 no\r\n").status_text(), "5.0.0");
  EXPECT_EQ(reply_of("450 4.7.1\r\n").status_text(), "4.7.1");
  EXPECT_EQ(reply_of("450 4.7.1no\r\n").status_text(), "4.0.0");
  EXPECT_EQ(reply_of("450 4.7.1000 no\r\n").status_text(), "4.0.0");
  EXPECT_EQ(reply_of("450-no\r\n450 4.2.1 yes\r\n").status_text(), "4.2.1");
}

TEST(ServerReply, DiagnosticsArePrintableAscii) {
  EXPECT_EQ(reply_of("550 a\x1b[0m\xc3\xa4\tb\r\n").diagnostic(), "550 a?[0m???b");
}

TEST(ServerOffers, ReadsKeywordsInAnyCase) {
  ServerOffers offers = read_offers(reply_of(
      "250-mx.example DSN\r\n250-pipelining\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-STARTTLS\r\n"
      "250-AUTH plain LOGIN\r\n250-LIMITS RCPTMAX=20 MAILMAX=5 X=1\r\n250-DELIVERBY 240\r\n"
      "250-MT-PRIORITY MIXER\r\n250 X-ANYTHING\r\n"));
  EXPECT_TRUE(offers.pipelining && offers.size && offers.eight_bit_mime && offers.start_tls &&
              offers.priority && offers.deliver_by);
  EXPECT_FALSE(offers.dsn);
  EXPECT_EQ(offers.max_size, 1000U);
  EXPECT_TRUE(offers.has_auth("PLAIN"));
  EXPECT_FALSE(offers.has_auth("CRAM-MD5"));
  EXPECT_EQ(offers.most_recipients, 20U);
  EXPECT_EQ(offers.most_messages, 5U);
  EXPECT_EQ(offers.deliver_by_minimum, 240U);
}

TEST(ServerOffers, WrongNumbersAreNoLimit) {
  ServerOffers offers = read_offers(
      reply_of("250-mx\r\n250-SIZE 99999999999999999999999\r\n250 LIMITS RCPTMAX=x\r\n"));
  EXPECT_TRUE(offers.size);
  EXPECT_EQ(offers.max_size, 0U);
  EXPECT_EQ(offers.most_recipients, 0U);
}

TEST(ClientCommands, WriteWhatWasAskedFor) {
  EXPECT_EQ(mail_line({}), "MAIL FROM:<>\r\n");
  EXPECT_EQ(mail_line({.sender = "a@example.org",
                       .size = 9,
                       .body = BodyKind::eight_bit,
                       .smtp_utf8 = true,
                       .require_tls = true,
                       .ret = "HDRS",
                       .envid = "a b+=",
                       .priority = -3,
                       .deliver_by = 60,
                       .deliver_by_return = true}),
            "MAIL FROM:<a@example.org> SIZE=9 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS "
            "ENVID=a+20b+2B+3D MT-PRIORITY=-3 BY=60;R\r\n");
  EXPECT_EQ(
      rcpt_line({.recipient = "\"a b\"@example.org",
                 .notify = k_notify_success | k_notify_delay,
                 .orcpt = "rfc822;x+y@example.net"}),
      "RCPT TO:<\"a b\"@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@example.net\r\n");
  EXPECT_EQ(rcpt_line({.recipient = "a@b", .notify = k_notify_never | k_notify_failure}),
            "RCPT TO:<a@b> NOTIFY=NEVER\r\n");
  EXPECT_EQ(auth_plain_line("me", "pw"), "AUTH PLAIN AG1lAHB3\r\n");
}

TEST(ClientCommands, NothingCanAddALine) {
  for (std::string_view bad : {"a\r\nb@c"sv, "a\nb@c"sv, "a\0@c"sv, "a b@c"sv, "a>@c"sv, "a@c> X"sv,
                               "\"a@c"sv, "\"a\\\"> @c"sv, "\xc3\xa4@c"sv}) {
    EXPECT_FALSE(mail_line({.sender = bad})) << bad;
    EXPECT_FALSE(rcpt_line({.recipient = bad})) << bad;
  }
  EXPECT_TRUE(mail_line({.sender = "\xc3\xa4@c", .smtp_utf8 = true}));
  EXPECT_FALSE(rcpt_line({.recipient = ""}));
  EXPECT_FALSE(rcpt_line({.recipient = "a@b", .orcpt = "rfc\r822;x"}));
  // RFC 6533 section 3: the type for UTF-8 has an escape of its own, and is raw under SMTPUTF8.
  std::string utf8 = "utf-8;j\xc3\xb6rg\\x{2B}x@b";
  EXPECT_EQ(rcpt_line({.recipient = "a@b", .orcpt = utf8}),
            "RCPT TO:<a@b> ORCPT=utf-8;j\\x{F6}rg\\x{2B}x@b\r\n");
  EXPECT_EQ(rcpt_line({.recipient = "a@b", .smtp_utf8 = true, .orcpt = utf8}),
            "RCPT TO:<a@b> ORCPT=" + utf8 + "\r\n");
  EXPECT_EQ(rcpt_line({.recipient = "a@b", .orcpt = "rfc822;\r\n"}),
            "RCPT TO:<a@b> ORCPT=rfc822;+0D+0A\r\n");
  EXPECT_FALSE(mail_line({.sender = std::string(2048, 'a')}));
  EXPECT_FALSE(auth_plain_line("a\0b"sv, "c"));
}

/// What `message` looks like on the wire, fed in pieces of `step`; "!" when it must not leave.
std::string written(BytesView message, std::size_t step) {
  DataWriter writer;
  Bytes out;
  for (std::size_t i = 0; i < message.size(); i += step) {
    if (!writer.feed(message.substr(i, step), out)) return "!";
  }
  return writer.finish(out) ? out : "!";
}

TEST(DataWriter, PutsDotsBeforeDotsWhereverTheInputIsCut) {
  BytesView message = ".a\r\n..\r\nb.c\r\n\r\n.\r\n";
  for (std::size_t step = 1; step <= message.size(); ++step) {
    EXPECT_EQ(written(message, step), "..a\r\n...\r\nb.c\r\n\r\n..\r\n.\r\n");
  }
  EXPECT_EQ(written("", 1), ".\r\n");
  EXPECT_EQ(written("no end", 2), "no end\r\n.\r\n");
}

TEST(DataWriter, NoBareLineEndLeaves) {
  for (BytesView message : {"a\nb\r\n"sv, "a\rb\r\n"sv, "a\r\r\n"sv, "\n"sv, "a\r"sv, "a\0b\r\n"sv,
                            "a\r\n\n"sv, "a\n.\r\nMAIL FROM:<x@y>\r\n"sv, "a\r.\r\n"sv}) {
    for (std::size_t step = 1; step <= message.size(); ++step) {
      EXPECT_EQ(written(message, step), "!") << message;
    }
  }
}

}  // namespace
}  // namespace peregrine::smtp
