#include "proto/smtp/framer.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/foreign_protocol.h"

namespace peregrine::smtp {
namespace {

using namespace std::string_view_literals;

/// What a framer tells about `input`, fed in chunks of `step` bytes: lines as they are, events by
/// name, up to the first fatal one.
std::vector<std::string> events(BytesView input, std::size_t step,
                                LineLimits limits = k_basic_limits) {
  std::vector<std::string> told;
  LineFramer framer(limits);
  for (std::size_t i = 0; i < input.size(); i += step) {
    framer.feed(input.substr(i, step));
    for (;;) {
      LineEvent event = framer.next();
      if (event == LineEvent::need_more) break;
      if (event == LineEvent::line) told.emplace_back(framer.line());
      if (event == LineEvent::too_long) told.emplace_back("!long");
      if (event == LineEvent::bare_cr) told.emplace_back("!cr");
      if (event == LineEvent::bare_lf) told.emplace_back("!lf");
      if (event == LineEvent::nul) told.emplace_back("!nul");
      if (event == LineEvent::endless) told.emplace_back("!endless");
      if (is_fatal(event)) {
        EXPECT_EQ(framer.next(), event);
        EXPECT_FALSE(framer.has_buffered());
        return told;
      }
    }
  }
  return told;
}

using Told = std::vector<std::string>;

TEST(SmtpFramer, TellsTheSameHoweverTheInputIsCut) {
  std::string long_line(511, 'x');
  std::string fits(510, 'y');
  for (const std::string& input : {
           std::string("EHLO a\r\nNOOP\r\n\r\nQUIT\r\nrest"),
           std::string("a\nb\r\nc"),
           std::string("a\rb\r\n"),
           std::string("a\r\r\n"),
           std::string("NOOP\r\n\0x\r\n", 11),
           std::string("x\r\0\r\n", 5),
           std::string("\n"),
           long_line + "\r\n" + fits + "\r\nNOOP\r\n",
           std::string(600, 'z') + "\nNOOP\r\n",
           std::string(9000, 'e'),
           std::string(8190, 'e') + "\r\nNOOP\r\n",
           std::string(8191, 'e') + "\r\nNOOP\r\n",
       }) {
    Told whole = events(input, input.size());
    for (std::size_t step : {1UL, 2UL, 3UL, 7UL, 511UL, 512UL, 513UL}) {
      EXPECT_EQ(events(input, step), whole) << input.substr(0, 20) << " by " << step;
    }
  }
}

TEST(SmtpFramer, AcceptsCrLfOnly) {
  EXPECT_EQ(events("a\r\nb\r\nc", 99), (Told{"a", "b"}));
  EXPECT_EQ(events("a\nb\r\n", 99), (Told{"!lf"}));
  EXPECT_EQ(events("a\r\nb\rc\r\n", 99), (Told{"a", "!cr"}));
  EXPECT_EQ(events("a\r\r\n", 99), (Told{"!cr"}));
  EXPECT_EQ(events("a\0\r\n"sv, 99), (Told{"!nul"}));
  EXPECT_EQ(events("a\r\0"sv, 99), (Told{"!cr"}));
}

TEST(SmtpFramer, BoundsALine) {
  EXPECT_EQ(events(std::string(510, 'x') + "\r\n", 99).at(0).size(), 510U);
  EXPECT_EQ(events(std::string(511, 'x') + "\r\nQUIT\r\n", 99), (Told{"!long", "QUIT"}));
  EXPECT_EQ(events(std::string(8190, 'x') + "\r\nQUIT\r\n", 99), (Told{"!long", "QUIT"}));
  EXPECT_EQ(events(std::string(8191, 'x') + "\r\nQUIT\r\n", 99), (Told{"!long", "!endless"}));
  EXPECT_EQ(events(std::string(2046, 'x') + "\r\n", 99, k_extended_limits).at(0).size(), 2046U);
}

TEST(SmtpFramer, KeepsWhatFollowsALine) {
  LineFramer framer(k_basic_limits);
  framer.feed("STARTTLS\r\nMAIL FROM:<x@y>\r\n");
  ASSERT_EQ(framer.next(), LineEvent::line);
  EXPECT_EQ(framer.line(), "STARTTLS");
  EXPECT_TRUE(framer.has_buffered());

  LineFramer data(k_basic_limits);
  data.feed("DATA\r\nbody\n.\r\nQUIT\r\n");
  ASSERT_EQ(data.next(), LineEvent::line);
  EXPECT_EQ(data.buffered(), "body\n.\r\nQUIT\r\n");
  data.consume(8);
  ASSERT_EQ(data.next(), LineEvent::line);
  EXPECT_EQ(data.line(), "QUIT");
  EXPECT_EQ(data.next(), LineEvent::need_more);
  EXPECT_FALSE(data.has_buffered());
}

TEST(ForeignProtocol, IsToldByTheFirstBytes) {
  using enum ForeignProtocol;
  EXPECT_EQ(detect_foreign_protocol("GET / HTTP/1.1\r\n"), http);
  EXPECT_EQ(detect_foreign_protocol("POST /x"), http);
  EXPECT_EQ(detect_foreign_protocol("CONNECT mx:25 HTTP/1.1"), http);
  EXPECT_EQ(detect_foreign_protocol("PRI * HTTP/2.0\r\n"), http);
  EXPECT_EQ(detect_foreign_protocol("\x16\x03\x01"), tls);
  EXPECT_EQ(detect_foreign_protocol("SSH-2.0-x\r\n"), ssh);
  EXPECT_EQ(detect_foreign_protocol("\xff\xfb\x06"), terminal);
  EXPECT_EQ(detect_foreign_protocol("EHLP\bO x\r\n"), terminal);
  EXPECT_EQ(detect_foreign_protocol("EHLO b\xc3\xbc"
                                    "cher\r\n"),
            non_ascii);
  for (const char* fine : {"", "G", "GET", "EHLO x\r\n", "HELP\r\nGET / \r\n", "QUIT\r\n\xff"}) {
    EXPECT_EQ(detect_foreign_protocol(fine), none) << fine;
  }
}

}  // namespace
}  // namespace peregrine::smtp
