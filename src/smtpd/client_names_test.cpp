#include "smtpd/client_names.h"

#include <gtest/gtest.h>

namespace peregrine::smtpd {
namespace {

TEST(ClientNames, AddressesAreReversed) {
  EXPECT_EQ(reverse_name("192.0.2.15"), "15.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name("2001:db8::1f"),
            "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  // RFC 5782 section 2.4 has this example.
  EXPECT_EQ(list_name("192.0.2.99", "bad.example.com"), "99.2.0.192.bad.example.com");
  EXPECT_EQ(list_name("2001:db8:1:2:3:4:567:89ab", "ugly.example.com"),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com");
  for (std::string_view wrong : {"", "192.0.2", "192.0.2.1.5", "mail.example", "[::1]", "::1%lo"}) {
    EXPECT_FALSE(reverse_name(wrong)) << wrong;
    EXPECT_FALSE(list_name(wrong, "a.example")) << wrong;
  }
  EXPECT_FALSE(list_name("2001:db8::1", std::string(200, 'a')));
}

TEST(ClientNames, OnlyLoopbackAnswersAreListings) {
  for (std::string_view listed : {"127.0.0.2", "127.0.0.1", "127.1.2.3", "127.255.254.9"}) {
    EXPECT_EQ(judge_list_answer(listed), ListAnswer::listed) << listed;
  }
  for (std::string_view error : {"127.255.255.252", "127.255.255.254", "127.255.255.0"}) {
    EXPECT_EQ(judge_list_answer(error), ListAnswer::error) << error;
  }
  for (std::string_view other : {"192.0.2.1", "0.0.0.0", "::1", "::ffff:127.0.0.2", "", "x"}) {
    EXPECT_EQ(judge_list_answer(other), ListAnswer::nothing) << other;
  }
}

TEST(ClientNames, HelloIsComparedWithTheClient) {
  auto fault = [](std::string_view name) {
    return hello_fault(name, "192.0.2.1", "mx.example.test");
  };
  EXPECT_EQ(fault("mail.example.org"), HelloFault::none);
  EXPECT_EQ(fault("[192.0.2.1]"), HelloFault::none);
  EXPECT_EQ(fault("192.0.2.1"), HelloFault::bare_address);
  EXPECT_EQ(fault("2001:db8::1"), HelloFault::bare_address);
  EXPECT_EQ(fault("[192.0.2.2]"), HelloFault::wrong_literal);
  EXPECT_EQ(fault("[IPv6:::1]"), HelloFault::wrong_literal);
  EXPECT_EQ(fault("[]"), HelloFault::wrong_literal);
  EXPECT_EQ(fault("["), HelloFault::wrong_literal);
  EXPECT_EQ(fault("localhost"), HelloFault::not_a_name);
  EXPECT_EQ(fault("a..b"), HelloFault::not_a_name);
  EXPECT_EQ(fault(""), HelloFault::not_a_name);
  EXPECT_EQ(fault("MX.Example.Test"), HelloFault::own_name);
  EXPECT_EQ(hello_fault("[IPv6:2001:DB8:0::1]", "2001:db8::1", "a.b"), HelloFault::none);
  for (HelloFault each : {HelloFault::bare_address, HelloFault::wrong_literal,
                          HelloFault::not_a_name, HelloFault::own_name}) {
    EXPECT_TRUE(hello_fault_text(each).starts_with("EHLO gives "));
  }
}

}  // namespace
}  // namespace peregrine::smtpd
