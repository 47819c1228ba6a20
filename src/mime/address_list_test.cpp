#include "mime/address_list.h"

#include <gtest/gtest.h>
#include <string>

#include "mime/test_support.h"

namespace peregrine::mime {
namespace {

using test::repeated;

/// One address a line: name|mailbox|host, "-" for what is absent.
std::string read(std::string_view value, Defects* out = nullptr) {
  Defects defects;
  std::string text;
  auto show = [](const std::optional<std::string>& part) { return part ? *part : "-"; };
  for (const EnvelopeAddress& a : parse_address_list(value, defects)) {
    if (!text.empty()) text += ", ";
    text += show(a.name) + "|" + show(a.mailbox) + "|" + show(a.host);
  }
  if (out != nullptr) *out = defects;
  return text;
}

bool is_well_formed(std::string_view value) {
  Defects defects;
  parse_address_list(value, defects);
  return defects == Defects{};
}

TEST(AddressList, ReadsTheExamplesOfRfc5322) {
  EXPECT_EQ(read("John Doe <jdoe@machine.example>"), "John Doe|jdoe|machine.example");
  EXPECT_EQ(read("\"Joe Q. Public\" <john.q.public@example.com>"),
            "Joe Q. Public|john.q.public|example.com");
  EXPECT_EQ(read("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>"),
            "Mary Smith|mary|x.test, -|jdoe|example.org, Who?|one|y.test");
  EXPECT_EQ(read("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
            "-|boss|nil.test, Giant; \"Big\" Box|sysservices|example.net");
  EXPECT_EQ(read("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
            "-|A Group|-, Ed Jones|c|a.test, -|joe|where.test, John|jdoe|one.test, -|-|-");
  EXPECT_EQ(read("Undisclosed recipients:;"), "-|Undisclosed recipients|-, -|-|-");
  // Appendix A.5 and A.6.
  EXPECT_EQ(read("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
            "Pete|pete|silly.test");
  EXPECT_EQ(read("A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
                 "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); "
                 "(the end of the group)"),
            "-|A Group|-, Chris Jones|c|public.example, -|joe|example.org, John|jdoe|one.test, "
            "-|-|-");
  EXPECT_EQ(read("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;"),
            "-|Hidden recipients|-, -|-|-");
  EXPECT_EQ(read("Joe Q. Public <john.q.public@example.com>"),
            "Joe Q. Public|john.q.public|example.com");
  EXPECT_EQ(read("Mary Smith <@node.test,@other.test:mary@example.net>, , jdoe@test   . example"),
            "Mary Smith|mary|example.net, -|jdoe|test.example");
  EXPECT_EQ(read("John Doe <jdoe@machine(comment).  example>"), "John Doe|jdoe|machine.example");
}

TEST(AddressList, FindsNoFaultInGoodLists) {
  for (const char* good :
       {"", "a@b", "a.b@c.d, e@f", "\"x y\"@b", "a@[192.0.2.1]", "G:a@b,c@d;", "A B <a@b>",
        "(c) a@b (d)", "=?utf-8?q?x?= <a@b>", "J\xC3\xBCrgen <a@b>", "<@r:a@b>", ", ,a@b,"}) {
    EXPECT_TRUE(is_well_formed(good)) << good;
  }
  for (const char* bad : {"a", "a b", "<a>", "a@b@c", "a@b <c@d> <e@f>", "\"a", "(a", "<a@b",
                          "a@b c@d", "a@b>", "[x"}) {
    EXPECT_FALSE(is_well_formed(bad)) << bad;
  }
}

TEST(AddressList, UnquotesLocalPartsAndKeepsLiterals) {
  EXPECT_EQ(read("\"a \\\"b\\\" @c\"@d"), "-|a \"b\" @c|d");
  EXPECT_EQ(read("x@[IPv6:2001:db8::1]"), "-|x|[IPv6:2001:db8::1]");
  EXPECT_EQ(read("\"\" <a@b>"), "|a|b");
  EXPECT_EQ(read("\"\"@b"), "-||b");
}

TEST(AddressList, TakesTheCommentForANameThatIsMissing) {
  EXPECT_EQ(read("jdoe@x.test (John (the) Doe)"), "John (the) Doe|jdoe|x.test");
  EXPECT_EQ(read("a@b (one), c@d (two)"), "one|a|b, two|c|d");
  EXPECT_EQ(read("<a@b> Name"), "Name|a|b");
}

TEST(AddressList, ReadsOnPastDamage) {
  EXPECT_EQ(read("root"), "-|root|");
  EXPECT_EQ(read("Joe Blow"), "-|Joe Blow|");
  EXPECT_EQ(read("<>"), "");
  EXPECT_EQ(read("MAILER-DAEMON <>"), "MAILER-DAEMON||");
  EXPECT_EQ(read("a@b@c"), "-|a@b|c");
  EXPECT_EQ(read("<a@b@c>"), "-|a@b|c");
  EXPECT_EQ(read("a@x b@y"), "-|a|x, -|b|y");
  EXPECT_EQ(read("A <a@x> B <b@y>"), "A|a|x, B|b|y");
  EXPECT_EQ(read("a@x; b@y; c@z"), "-|a|x, -|b|y, -|c|z");
  EXPECT_EQ(read("A <a@x, b@y"), "A|a|x, -|b|y");
  EXPECT_EQ(read("G: a@x"), "-|G|-, -|a|x, -|-|-");
  EXPECT_EQ(read("G: H: a@x; b@y"), "-|G|-, -|H: a|x, -|-|-, -|b|y");
  EXPECT_EQ(read("phil@example.com <phil@example.com>"), "phil@example.com|phil|example.com");
  EXPECT_EQ(read("<http://x.test/list/>"), "-|http://x.test/list/|");
  EXPECT_EQ(read("[SPAM] Joe <a@b>"), "[SPAM] Joe|a|b");
  EXPECT_EQ(read("@"), "-||");
  EXPECT_EQ(read("a@"), "-|a|");
}

TEST(AddressList, TakesEveryPrefix) {
  std::string text =
      "A (c(d)e) \"q\\\"r\" <@r,@s:l.p@[1.2.3.4]>, G: \"x\"@y.z , =?u?q?a?= <b@c>; d@e (f)";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    std::string prefix = text.substr(0, n);
    read(prefix);
    prefix.push_back('\\');
    read(prefix);
  }
}

TEST(AddressList, StopsAtItsLimitWithGroupsClosed) {
  Defects defects;
  Limits limits;
  limits.addresses = 4;
  auto list = parse_address_list("a@b,G:c@d,e@f,g@h;i@j", defects, limits);
  ASSERT_EQ(list.size(), 4U);
  EXPECT_FALSE(list.back().mailbox || list.back().host);
  EXPECT_TRUE(defects.has(Defect::over_limit));

  defects = {};
  EXPECT_EQ(parse_address_list(repeated("a@b,", 100000), defects).size(), 2000U);
  EXPECT_TRUE(defects.has(Defect::over_limit));
}

TEST(AddressList, IsLinearInEveryRepeatedElement) {
  for (std::string_view piece :
       {"(",  ")",  "<",  ">",   "\"",  "[",  "]",    ":",   ";",    "@",    ".",   "\\",
        "a ", "a@", "a:", "a:;", "<a>", "()", "\"\"", "@a,", "<@a:", "a@b ", "a . "}) {
    Defects defects;
    parse_address_list(repeated(piece, 40000), defects);
    parse_address_list("a@b" + repeated(piece, 40000), defects);
    parse_address_list("<@b" + repeated(piece, 40000), defects);
  }
}

}  // namespace
}  // namespace peregrine::mime
