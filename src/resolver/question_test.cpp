#include "resolver/question.h"

#include <gtest/gtest.h>

namespace peregrine::resolver {
namespace {

TEST(Question, NamesAreHeldToTheRules) {
  EXPECT_EQ(question_name("MX.Example.Org"), "mx.example.org");
  EXPECT_EQ(question_name("mx.example.org."), "mx.example.org");
  EXPECT_EQ(question_name("_25._tcp.mx.example"), "_25._tcp.mx.example");
  EXPECT_EQ(question_name("1.0/25.2.0.192.in-addr.arpa"), "1.0/25.2.0.192.in-addr.arpa");
  EXPECT_EQ(question_name("xn--bcher-kva"), "xn--bcher-kva");
  for (std::string_view wrong : {"", ".", "..", "a..b", ".a", "a..", "a b", "a\tb", "a\\b", "a\"b",
                                 "b\xc3\xbc", "a@b", "*.a", "a;b", "a\nb"}) {
    EXPECT_FALSE(question_name(wrong)) << wrong;
  }
  EXPECT_FALSE(question_name(std::string_view("a\0b", 3)));
}

TEST(Question, NamesAreBounded) {
  std::string label(63, 'a');
  EXPECT_TRUE(question_name(label));
  EXPECT_FALSE(question_name(label + "a"));
  std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  ASSERT_EQ(longest.size(), 253U);
  EXPECT_TRUE(question_name(longest));
  EXPECT_TRUE(question_name(longest + "."));
  EXPECT_FALSE(question_name(longest + "b"));
  EXPECT_FALSE(question_name(std::string(100000, '.')));
}

TEST(Question, TypesAreThoseOfMail) {
  EXPECT_EQ(record_type(std::uint32_t{15}), RecordType::mx);
  EXPECT_EQ(record_type(std::string_view("tlsa")), RecordType::tlsa);
  EXPECT_EQ(type_name(RecordType::aaaa), "AAAA");
  for (std::uint32_t number : {0U, 48U, 252U, 255U, 65537U, 1U << 16 | 15U}) {
    EXPECT_FALSE(record_type(number)) << number;
  }
  EXPECT_FALSE(record_type(std::string_view("ANY")));
  EXPECT_FALSE(record_type(std::string_view("")));
}

}  // namespace
}  // namespace peregrine::resolver
