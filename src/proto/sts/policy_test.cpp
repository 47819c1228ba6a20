#include "proto/sts/policy.h"

#include <gtest/gtest.h>

namespace peregrine::sts {
namespace {

TEST(StsRecord, HasAnId) {
  EXPECT_EQ(parse_record("v=STSv1; id=20160831085700Z;"), "20160831085700Z");
  EXPECT_EQ(parse_record("v=STSv1;x=y;  id=1"), "1");
  for (BytesView text : {"", "v=STSv1", "v=STSv1;", "v=STSv2; id=1", "id=1; v=STSv1",
                         "v=STSv1; id=", "v=STSv1; id=a b", "v=STSv1; id=a-b", "v=spf1 id=1",
                         "v=STSv1; id=123456789012345678901234567890123"}) {
    EXPECT_FALSE(parse_record(text)) << text;
  }
}

TEST(StsPolicy, IsReadWithEitherLineEnd) {
  Policy wanted{Mode::enforce, {"mx.example.org", "*.example.net"}, 604800};
  EXPECT_EQ(parse_policy("version: STSv1\r\nmode: enforce\r\nmx: MX.example.org\r\n"
                         "mx:*.example.net\r\nmax_age: 604800\r\n"),
            wanted);
  EXPECT_EQ(parse_policy("max_age:604800\nx-y: z\nmx: mx.example.org\nmx: *.example.net\n"
                         "mode: enforce\nmode: none\nversion: STSv1"),
            wanted);
  EXPECT_EQ(parse_policy("version: STSv1\nmode: none\nmax_age: 99999999\n"),
            (Policy{Mode::none, {}, 31557600}));
}

TEST(StsPolicy, LacksNothing) {
  for (BytesView text :
       {"", "version: STSv1\nmode: enforce\nmax_age: 1\n", "version: STSv1\nmx: a.b\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.b\n", "mode: enforce\nmx: a.b\nmax_age: 1\n",
        "version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 1\n",
        "version: STSv1\nmode: strict\nmx: a.b\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1\n",
        "version: STSv1\nmode: enforce\nmx: a*b\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: .b\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 1\nno colon\n"}) {
    EXPECT_FALSE(parse_policy(text)) << text;
  }
  std::string many = "version: STSv1\nmode: enforce\nmax_age: 1\n";
  for (std::size_t i = 0; i < k_most_patterns; ++i) many += "mx: a.b\n";
  EXPECT_TRUE(parse_policy(many));
  EXPECT_FALSE(parse_policy(many + "mx: a.b\n"));
}

TEST(StsPolicy, AStarIsOneLabel) {
  Policy policy{Mode::enforce, {"mx.example.org", "*.example.net"}, 1};
  EXPECT_TRUE(policy.matches("mx.example.org"));
  EXPECT_TRUE(policy.matches("a.example.net"));
  for (std::string_view host :
       {"a.mx.example.org", "example.net", "a.b.example.net", ".example.net", "aexample.net", ""}) {
    EXPECT_FALSE(policy.matches(host)) << host;
  }
}

}  // namespace
}  // namespace peregrine::sts
