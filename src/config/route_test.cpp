#include "config/route.h"

#include <gtest/gtest.h>

#include "config/settings.h"

namespace peregrine::config {
namespace {

TEST(Route, ReadsNextHopsAndProperties) {
  auto relay = parse_route("* smtp://Relay.Example.net:2525  tls=verify user=me source=192.0.2.7");
  ASSERT_TRUE(relay);
  EXPECT_EQ(*relay,
            (Route{"*", "relay.example.net", 2525, false, OutboundTls::verify, "me", "192.0.2.7"}));
  auto literal = parse_route(".example.org smtps://[2001:db8::1]");
  ASSERT_TRUE(literal);
  EXPECT_EQ(*literal, (Route{".example.org", "2001:db8::1", 0, true, {}, "", ""}));
  auto exchangers = parse_route("example.org mx tls=dane");
  ASSERT_TRUE(exchangers);
  EXPECT_EQ(*exchangers, (Route{"example.org", "", 0, false, OutboundTls::dane, "", ""}));
}

TEST(Route, AnAddressOfIpv4NeedsNoBrackets) {
  auto bare = parse_route("* smtp://192.0.2.1:25");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->host, "192.0.2.1");
  EXPECT_EQ(bare->port, 25);
  EXPECT_EQ(write_route(*bare), "* smtp://[192.0.2.1]:25");
  EXPECT_FALSE(parse_route("* smtp://192.0.2.01"));
  EXPECT_FALSE(parse_route("* smtp://2001:db8::1"));
}

TEST(Route, IsWrittenAsItIsRead) {
  for (std::string_view text :
       {"* smtp://relay.example.net:2525 tls=verify user=me source=192.0.2.7",
        ".example.org smtps://[2001:db8::1]", "example.org mx tls=none", "* smtp://[192.0.2.1]:1",
        "example.org mx connections=2 rate=30"}) {
    auto route = parse_route(text);
    ASSERT_TRUE(route) << text;
    EXPECT_EQ(write_route(*route), text);
  }
}

TEST(Route, RefusesWhatIsNone) {
  for (std::string_view text : {"",
                                "*",
                                "example.org",
                                "* relay.example.net",
                                "* smtp://",
                                "* smtp://:25",
                                "* smtp://a_b:1",
                                "* smtp://relay:0",
                                "* smtp://relay:65536",
                                "* smtp://relay:x",
                                "a..b mx",
                                "* mx tls=maybe",
                                "* mx user=me",
                                "* mx speed=9",
                                "* smtp://r user=",
                                "* mx source=localhost",
                                "* mx connections=0",
                                "* mx connections=101",
                                "* mx rate=-1",
                                "* mx rate=",
                                "* smtp://[192.0.2.01]",
                                "* smtp://[relay]",
                                "* smtp://r user=me tls=opportunistic",
                                "* smtps://r tls=none",
                                "[192.0.2.1] mx"}) {
    EXPECT_FALSE(parse_route(text)) << text;
  }
}

TEST(Route, TheClosestDomainDecides) {
  std::vector<Route> routes;
  for (std::string_view text : {"* mx tls=none", ".org mx tls=encrypt",
                                ".example.org mx tls=verify", "example.org mx tls=dane"}) {
    routes.push_back(*parse_route(text));
  }
  auto tls_of = [&](std::string_view domain) { return *find_route(routes, domain)->tls; };
  EXPECT_EQ(tls_of("example.org"), OutboundTls::dane);
  EXPECT_EQ(tls_of("a.b.example.org"), OutboundTls::verify);
  EXPECT_EQ(tls_of("badexample.org"), OutboundTls::encrypt);
  EXPECT_EQ(tls_of("example.net"), OutboundTls::none);
  EXPECT_EQ(tls_of("[192.0.2.1]"), OutboundTls::none);
  EXPECT_EQ(find_route({}, "example.org"), nullptr);
  routes.erase(routes.begin());
  EXPECT_EQ(find_route(routes, "example.net"), nullptr);
}

TEST(Route, SaysHowFastMailMayGo) {
  OutboundSettings outbound;
  outbound.connections_per_destination = 10;
  auto pace = [&](std::string_view destination) {
    Pace out = pace_of(outbound, destination);
    return std::pair(out.connections, out.messages_per_minute);
  };
  EXPECT_EQ(pace("example.org"), std::pair(10U, 0U));
  outbound.messages_per_minute = 61;
  for (std::string_view text : {"example.org mx connections=3 rate=600", "slow.test mx rate=1",
                                "wide.test mx connections=50 rate=6000"}) {
    outbound.routes.push_back(*parse_route(text));
  }
  EXPECT_EQ(pace("example.org"), std::pair(3U, 600U));
  EXPECT_EQ(pace("slow.test"), std::pair(1U, 1U));
  EXPECT_EQ(pace("wide.test"), std::pair(10U, 6000U));
  EXPECT_EQ(pace("example.net"), std::pair(2U, 61U));
}

}  // namespace
}  // namespace peregrine::config
