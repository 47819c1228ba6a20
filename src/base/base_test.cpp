#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/cursor.h"
#include "base/log.h"

namespace peregrine {
namespace {

TEST(ParseNumber, KeepsItsBoundsAtEveryEdge) {
  constexpr std::uint64_t k_max = UINT64_MAX;
  EXPECT_EQ(parse_number("0", 10), 0U);
  EXPECT_EQ(parse_number("10", 10), 10U);
  EXPECT_EQ(parse_number("11", 10), std::nullopt);
  EXPECT_EQ(parse_number("4294967295", UINT32_MAX), UINT32_MAX);
  EXPECT_EQ(parse_number("4294967296", UINT32_MAX), std::nullopt);
  EXPECT_EQ(parse_number("18446744073709551615", k_max), k_max);
  EXPECT_EQ(parse_number("18446744073709551616", k_max), std::nullopt);
  EXPECT_EQ(parse_number(std::string(40, '9'), k_max), std::nullopt);
  EXPECT_EQ(parse_number("", 10), std::nullopt);
  EXPECT_EQ(parse_number("-1", 10), std::nullopt);
  EXPECT_EQ(parse_number("1x", 10), std::nullopt);
}

TEST(Codec, RoundTripsAndRefusesEveryTruncation) {
  Bytes record = Encoder().u8(7).varint(300).fixed32(1).fixed64(2).bytes("abc").take();
  auto read = [](BytesView input) {
    Decoder d(input);
    bool same = d.u8() == 7 && d.varint() == 300 && d.fixed32() == 1 && d.fixed64() == 2 &&
                d.bytes() == "abc";
    return same && d.done();
  };
  EXPECT_TRUE(read(record));
  for (std::size_t n = 0; n < record.size(); ++n) EXPECT_FALSE(read(record.substr(0, n))) << n;
}

TEST(Codec, RefusesAVarintThatDoesNotFit) {
  Bytes record = Bytes(9, '\xff') + '\x02';
  Decoder d(record);
  d.varint();
  EXPECT_FALSE(d.ok());
}

TEST(Codec, CountNeverExceedsWhatIsLeft) {
  Bytes record = Encoder().varint(1000).raw("xy").take();
  Decoder d(record);
  EXPECT_EQ(d.count(), 0U);
  EXPECT_FALSE(d.ok());
}

TEST(Crc32c, MatchesThePublishedCheckValue) {
  // RFC 3720 appendix B.4: 32 bytes of zeroes, and the usual check string.
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(Bytes(32, '\0')), 0x8A9136AAU);
}

TEST(LogEscape, LeavesNothingThatATerminalWouldObey) {
  EXPECT_EQ(log_escape("a\r\nb\x1b[0m"), "a\\x0d\\x0ab\\x1b[0m");
  EXPECT_EQ(log_escape("\xe2\x80\xae"), "\\xe2\\x80\\xae");
  EXPECT_EQ(log_escape("grün"), "grün");
  EXPECT_EQ(log_escape("\xff\xc0\x80"), "\\xff\\xc0\\x80");
  EXPECT_LT(log_escape(std::string(10000, 'x')).size(), k_log_value_limit + 10);
}

}  // namespace
}  // namespace peregrine
