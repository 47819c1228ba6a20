#include "proto/dns/rdata.h"

#include <gtest/gtest.h>

#include "proto/dns/rdata_fixture.h"

namespace peregrine::dns {
namespace {

using namespace std::literals;

TEST(DnsRdata, ReadsNamesInLowerCaseWithoutTheLastDot) {
  EXPECT_EQ(parse_name(wire_name("Mail.Example.ORG")), "mail.example.org");
  EXPECT_EQ(parse_name(wire_name("_25._tcp.mx-1.example")), "_25._tcp.mx-1.example");
  EXPECT_EQ(parse_name("\0"sv), "");
}

TEST(DnsRdata, RefusesNamesThatAreNotWhole) {
  Bytes name = wire_name("mail.example.org");
  for (std::size_t size = 0; size < name.size(); ++size) {
    EXPECT_FALSE(parse_name(BytesView(name).substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_name(name + 'x'));
}

TEST(DnsRdata, RefusesPointersAndLongLabels) {
  EXPECT_FALSE(parse_name("\xc0\x0c"sv));
  EXPECT_TRUE(parse_name(wire_name(std::string(63, 'a'))));
  EXPECT_FALSE(parse_name(wire_name(std::string(64, 'a'))));
}

TEST(DnsRdata, RefusesNamesOverTheWiresLimit) {
  std::string label(49, 'a');
  std::string name = label + '.' + label + '.' + label + '.' + label + '.' + label;  // 251 octets
  EXPECT_TRUE(parse_name(wire_name(name + ".ab")));                                  // 254
  EXPECT_TRUE(parse_name(wire_name(name + ".abc")));                                 // 255
  EXPECT_FALSE(parse_name(wire_name(name + ".abcd")));                               // 256
}

TEST(DnsRdata, RefusesBytesThatNoHostNameHas) {
  for (std::string_view bad : {"a b"sv, "a\0b"sv, "a\r\nb"sv, "a\\b"sv, "a*b"sv, "\xc3\xa4"sv}) {
    EXPECT_FALSE(parse_name(wire_name(bad))) << bad;
  }
  EXPECT_FALSE(parse_name("\3a.b\0"sv));
}

TEST(DnsRdata, ReadsMailExchangers) {
  EXPECT_EQ(parse_mx(wire_mx(300, "MX.example.org")), (MxRecord{300, "mx.example.org"}));
  // RFC 7505 section 3: the root says that there is no mail.
  EXPECT_EQ(parse_mx(wire_mx(0, "")), (MxRecord{0, ""}));
  EXPECT_FALSE(parse_mx("\0"sv));
  EXPECT_FALSE(parse_mx("\0\x0a"sv));
  EXPECT_FALSE(parse_mx(wire_mx(1, "a") + "b"));
}

TEST(DnsRdata, JoinsTheStringsOfText) {
  EXPECT_EQ(parse_txt(wire_string("v=STSv1;") + wire_string(" id=1")), "v=STSv1; id=1");
  EXPECT_EQ(parse_txt("\0"sv), "");
  EXPECT_FALSE(parse_txt(""));
  EXPECT_FALSE(parse_txt("\5abcd"sv));
  EXPECT_EQ(parse_txt(wire_string("a\0\r\n"sv)), "a\0\r\n"sv);
}

TEST(DnsRdata, ReadsTlsa) {
  Bytes rdata = "\3\1\1"s + std::string(32, 'h');
  EXPECT_EQ(parse_tlsa(rdata), (TlsaRecord{3, 1, 1, std::string(32, 'h')}));
  for (std::size_t size = 0; size < 4; ++size) {
    EXPECT_EQ(parse_tlsa(BytesView(rdata).substr(0, size)).has_value(), size == 4) << size;
  }
}

TEST(DnsRdata, ReadsAddressesOfTheExactSize) {
  EXPECT_EQ(parse_address(Type::a, "\xc0\0\2\1"sv), "192.0.2.1");
  EXPECT_EQ(parse_address(Type::aaaa, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"sv), "2001:db8::1");
  EXPECT_FALSE(parse_address(Type::a, "\xc0\0\2"sv));
  EXPECT_FALSE(parse_address(Type::aaaa, "\xc0\0\2\1"sv));
  EXPECT_FALSE(parse_address(Type::mx, "\xc0\0\2\1"sv));
}

}  // namespace
}  // namespace peregrine::dns
