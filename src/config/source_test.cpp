#include "config/source.h"

#include <gtest/gtest.h>

namespace peregrine::config {
namespace {

TEST(Source, IsWrittenAsItIsRead) {
  for (std::string_view text : {"@example.org 192.0.2.7 2001:db8::7", "@example.org 2001:db8::7",
                                "news@example.org 192.0.2.8"}) {
    auto source = parse_source(text);
    ASSERT_TRUE(source) << text;
    EXPECT_EQ(write_source(*source), text);
  }
  EXPECT_EQ(*parse_source("@Example.ORG  2001:db8::7 192.0.2.7"),
            (Source{"@example.org", "192.0.2.7", "2001:db8::7"}));
}

TEST(Source, RefusesWhatIsNone) {
  for (std::string_view text :
       {"", "@example.org", "example.org 192.0.2.7", "@ 192.0.2.7", "@a..b 192.0.2.7",
        "@example.org localhost", "@example.org 192.0.2.07", "@example.org [2001:db8::7]",
        "@example.org 192.0.2.7 192.0.2.8", "@example.org 2001:db8::7 2001:db8::8",
        "a b@example.org 192.0.2.7"}) {
    EXPECT_FALSE(parse_source(text)) << text;
  }
}

TEST(Source, TheAccountComesBeforeTheAddressAndThatBeforeItsDomain) {
  std::vector<Source> sources;
  for (std::string_view text :
       {"@example.org 192.0.2.1", "sales@example.org 192.0.2.2", "ann@example.org 192.0.2.3"}) {
    sources.push_back(*parse_source(text));
  }
  auto ipv4 = [&](std::string_view account, std::string_view sender) {
    const Source* found = find_source(sources, account, sender);
    return found == nullptr ? std::string() : found->ipv4;
  };
  EXPECT_EQ(ipv4("ann@example.org", "sales@example.org"), "192.0.2.3");
  EXPECT_EQ(ipv4("bob@example.org", "Sales@Example.org"), "192.0.2.2");
  EXPECT_EQ(ipv4("bob@example.org", "bob@example.org"), "192.0.2.1");
  EXPECT_EQ(ipv4("", "x@sub.example.org"), "");
  EXPECT_EQ(ipv4("", ""), "");
}

}  // namespace
}  // namespace peregrine::config
