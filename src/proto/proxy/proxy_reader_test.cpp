#include "proto/proxy/proxy_reader.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

namespace peregrine::proxy {
namespace {

using namespace std::string_literals;

const std::string k_signature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string k_v4 = k_signature + "\x21\x11\0\x0c"s + "\xc0\0\2\1\xc0\0\2\2\x10\0\0\x19"s;

struct Read {
  ProxyReader reader;
  std::string rest;
};

Read read(const std::string& input, std::size_t step = SIZE_MAX) {
  Read out;
  std::size_t used = 0;
  while (out.reader.wants() > 0 && used < input.size()) {
    std::size_t size = std::min({out.reader.wants(), step, input.size() - used});
    out.reader.feed(BytesView(input).substr(used, size));
    used += size;
  }
  out.rest = input.substr(used);
  return out;
}

void expect_source(const std::string& header, std::size_t size, std::uint8_t first,
                   std::uint16_t port) {
  for (std::size_t step : {1UL, 5UL, SIZE_MAX}) {
    Read got = read(header + "EHLO", step);
    ASSERT_EQ(got.reader.status(), ProxyStatus::done) << testing::PrintToString(header);
    EXPECT_EQ(got.rest, "EHLO");
    ASSERT_TRUE(got.reader.source());
    EXPECT_EQ(got.reader.source()->size, size);
    EXPECT_EQ(got.reader.source()->ip[0], first);
    EXPECT_EQ(got.reader.source()->port, port);
  }
}

TEST(ProxyReader, ReadsBothVersions) {
  expect_source("PROXY TCP4 192.0.2.1 192.0.2.2 4096 25\r\n", 4, 192, 4096);
  expect_source("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", 16, 0x20, 0);
  expect_source(k_v4, 4, 192, 4096);
  std::string v6 =
      k_signature + "\x21\x21\0\x28"s + std::string(32, '\x20') + "\1\2\0\x19"s + "more"s;
  expect_source(v6, 16, 0x20, 0x102);
}

TEST(ProxyReader, AProxyMaySpeakForItself) {
  for (const std::string& header :
       {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN ffff::1 x 1 2\r\n"s, k_signature + "\x20\0\0\0"s,
        k_signature + "\x20\x11\0\3abc"s}) {
    Read got = read(header + "x", 1);
    EXPECT_EQ(got.reader.status(), ProxyStatus::done) << testing::PrintToString(header);
    EXPECT_FALSE(got.reader.source());
    EXPECT_EQ(got.rest, "x");
  }
}

TEST(ProxyReader, RefusesAllElse) {
  for (const std::string& header :
       {"EHLO client.test\r\n"s, "PROXY TCP4 192.0.2.1 192.0.2.2 4096\r\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n"s, "PROXY TCP4 192.0.2.1  192.0.2.2 1 25\r\n"s,
        "PROXY TCP4 ::1 ::1 1 25\r\n"s, "PROXY TCP4 192.0.2.1 192.0.2.2 1 25 \r\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n"s, "PROXY UDP4 192.0.2.1 192.0.2.2 1 25\r\n"s,
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n"s, "PROXY "s + std::string(200, 'x'),
        "proxy tcp4 192.0.2.1 192.0.2.2 1 25\r\n"s, k_signature + "\x11\x11\0\x0c"s,
        k_signature + "\x22\x11\0\x0c"s, k_signature + "\x21\x12\0\x0c"s,
        k_signature + "\x21\x11\xff\xff"s, k_signature + "\x21\x11\0\4abcd"s,
        "\r\n\r\n\0\r\nQUITx"s}) {
    EXPECT_EQ(read(header).reader.status(), ProxyStatus::malformed)
        << testing::PrintToString(header);
    EXPECT_EQ(read(header, 1).reader.status(), ProxyStatus::malformed);
  }
}

TEST(ProxyReader, WaitsForAllOfIt) {
  for (std::size_t size = 0; size < k_v4.size(); ++size) {
    Read got = read(k_v4.substr(0, size));
    EXPECT_EQ(got.reader.status(), ProxyStatus::reading);
    EXPECT_GT(got.reader.wants(), 0U);
  }
}

}  // namespace
}  // namespace peregrine::proxy
