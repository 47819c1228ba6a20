#include "text/date.h"

#include <gtest/gtest.h>
#include <string>

namespace peregrine::text {
namespace {

constexpr std::int64_t k_sample = 1057049557;  // 2003-07-01 08:52:37 UTC

TEST(MessageDate, ReadsTheCurrentAndTheObsoleteSyntax) {
  for (const char* text : {
           "Tue, 1 Jul 2003 10:52:37 +0200",
           "1 Jul 2003 10:52:37 +0200",
           "  Tue , 01 JUL 2003\r\n 10 : 52 : 37 +0200 (a (nested \\) one) comment)",
           "Tue, 1 Jul 03 04:52:37 EDT",
           "Tue, 1 Jul 103 08:52:37 GMT",
           "Tue, 1 Jul 2003 08:52:37 UT",
           "Tue, 1 Jul 2003 08:52:37 Z",
           "Tue, 1 Jul 2003 08:52:37 A",
           "Tue, 1 Jul 2003 08:52:37 NOSUCH",
           "Tue, 1 Jul 2003 08:52:37",
           "Tue 1 July 2003 08:52:37 -0000",
           "Tue, 01-Jul-2003 08:52:37 GMT",
           "Tue, 1 Jul 2003 10:52:37 +02:00",
       }) {
    auto date = parse_message_date(text);
    ASSERT_TRUE(date) << text;
    EXPECT_EQ(date->time.seconds, k_sample) << text;
  }
  EXPECT_EQ(parse_message_date("1 Jul 2003 10:52:37 -0330")->zone_minutes, -210);
  EXPECT_EQ(parse_message_date("31 Dec 49 00:00 +0000")->time.seconds, 2524521600);
  EXPECT_EQ(parse_message_date("31 Dec 50 00:00 +0000")->time.seconds, -599702400);
}

TEST(MessageDate, RefusesWhatNamesNoInstant) {
  for (const char* text :
       {"", "x", "32 Jul 2003 10:00", "29 Feb 2003 10:00", "0 Jul 2003 10:00", "1 Foo 2003 10:00",
        "1 Jul 2003", "1 Jul 2003 24:00", "1 Jul 2003 10:60", "1 Jul 2003 10:00:61",
        "1 Jul 99999 10:00", "1 Jul 1899 10:00", "1 Jul 3 10:00", "1 Jul 2003 (10:00",
        "111111111111111111111 Jul 2003 10:00"}) {
    EXPECT_FALSE(parse_message_date(text)) << text;
  }
  EXPECT_TRUE(parse_message_date("29 Feb 2004 23:59:60 +0000"));
}

TEST(MessageDate, TakesEveryPrefixAndDeepComments) {
  std::string text = "Tue, 1 Jul 2003 (c) 10:52:37 +0200";
  for (std::size_t n = 0; n <= text.size(); ++n) (void)parse_message_date(text.substr(0, n));
  std::string deep = std::string(1000000, '(') + std::string(1000000, ')') + text;
  EXPECT_TRUE(parse_message_date(deep));
}

TEST(MessageDate, WritesWhatItReads) {
  EXPECT_EQ(write_message_date(UnixTime{k_sample}, 120), "Tue, 1 Jul 2003 10:52:37 +0200");
  EXPECT_EQ(write_message_date(UnixTime{0}), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(write_message_date(UnixTime{-1}, -90), "Wed, 31 Dec 1969 22:29:59 -0130");
  for (std::int64_t seconds : {-2208988800LL, -1LL, 0LL, 951782400LL, 4102444800LL}) {
    auto read = parse_message_date(write_message_date(UnixTime{seconds}, 0));
    ASSERT_TRUE(read) << seconds;
    EXPECT_EQ(read->time.seconds, seconds);
  }
  EXPECT_EQ(write_message_date(UnixTime{INT64_MAX}), "Fri, 31 Dec 9999 23:59:59 +0000");
  EXPECT_EQ(write_message_date(UnixTime{INT64_MIN}, -100000), "Mon, 1 Jan 1900 00:00:00 -2359");
}

TEST(InternalDate, IsStrictAndRoundTrips) {
  EXPECT_EQ(write_internal_date(UnixTime{k_sample}, 120), " 1-Jul-2003 10:52:37 +0200");
  auto read = parse_internal_date(" 1-Jul-2003 10:52:37 +0200");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (DateTime{UnixTime{k_sample}, 120}));
  EXPECT_TRUE(parse_internal_date("01-jul-2003 10:52:37 -0730"));
  for (const char* text :
       {"", "1-Jul-2003 10:52:37 +0200", "  1-Jul-2003 10:52:37 +0200", " 1-Jul-2003 10:52:37",
        " 1-Jul-03 10:52:37 +0200", " 1-July-2003 10:52:37 +0200", " 1-Jul-2003 1:52:37 +0200",
        " 1-Jul-2003 10:52:37 +2460", " 1-Jul-2003 10:52:37 0200", " 1-Jul-2003 10:52:37 +0200 ",
        "31-Feb-2003 10:52:37 +0200", " 1-Jul-2003 10:52:37 +02000"}) {
    EXPECT_FALSE(parse_internal_date(text)) << text;
  }
}

TEST(ImapDate, CountsDays) {
  EXPECT_EQ(parse_imap_date("1-Jan-1970"), 0);
  EXPECT_EQ(parse_imap_date("01-FEB-1970"), 31);
  EXPECT_EQ(parse_imap_date("31-Dec-1969"), -1);
  for (const char* text : {"", "1-Jan-70", " 1-Jan-1970", "1-Jan-1970 ", "100-Jan-1970",
                           "30-Feb-1970", "1/Jan/1970", "1-Jan-19700"}) {
    EXPECT_EQ(parse_imap_date(text), std::nullopt) << text;
  }
  EXPECT_EQ(day_of(UnixTime{k_sample}), parse_imap_date("1-Jul-2003"));
  EXPECT_EQ(day_of(UnixTime{-1}), -1);
  EXPECT_EQ(day_of(UnixTime{-1}, 1), 0);
}

}  // namespace
}  // namespace peregrine::text
