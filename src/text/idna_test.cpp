#include "text/idna.h"

#include <gtest/gtest.h>
#include <string>

namespace peregrine::text {
namespace {

TEST(Idna, GoesBothWays) {
  struct Row {
    const char* unicode;
    const char* ascii;
  };
  for (const Row& row :
       {Row{"example.org", "example.org"}, Row{"bücher.example", "xn--bcher-kva.example"},
        Row{"faß.example", "xn--fa-hia.example"}, Row{"例え.テスト", "xn--r8jz45g.xn--zckzah"},
        Row{"مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"}}) {
    EXPECT_EQ(domain_to_ascii(row.unicode), row.ascii);
    EXPECT_EQ(domain_to_unicode(row.ascii), row.unicode);
    EXPECT_EQ(domain_to_ascii(row.ascii), row.ascii);
  }
  EXPECT_EQ(domain_to_ascii("BÜCHER.Example"), "xn--bcher-kva.example");
  EXPECT_EQ(domain_to_unicode("XN--BCHER-KVA.example"), "bücher.example");
}

TEST(Idna, RefusesWhatIsNoLabel) {
  for (const char* bad : {"", ".", "a.", ".a", "a..b"}) {
    EXPECT_EQ(domain_to_ascii(bad).error(), IdnaError::empty_label) << bad;
  }
  for (const char* bad : {"a b", "a_b", "-a", "a-", "a@b", "xn--", "xn--a", "xn--bcher-KVA-",
                          "a\xff", "\xc3", "☃.example", "a\u200bb", "\u0301a", "ü-"}) {
    EXPECT_EQ(domain_to_ascii(bad).error(), IdnaError::bad_label) << bad;
  }
  EXPECT_EQ(domain_to_ascii(std::string("a\0b", 3)).error(), IdnaError::bad_label);
  EXPECT_EQ(domain_to_ascii(std::string(64, 'a')).error(), IdnaError::too_long);
  EXPECT_EQ(domain_to_ascii(std::string(5000, 'a')).error(), IdnaError::too_long);
  std::string long_domain = "a";
  while (long_domain.size() < 254) long_domain += ".a";
  EXPECT_EQ(domain_to_ascii(long_domain).error(), IdnaError::too_long);
}

TEST(Idna, FailsOnNoPrefixOfAValidDomain) {
  std::string domain = "例え.テスト.مثال.bücher";
  for (std::size_t n = 0; n <= domain.size(); ++n) {
    auto ascii = domain_to_ascii(domain.substr(0, n));
    if (ascii) EXPECT_TRUE(domain_to_unicode(*ascii));
  }
}

TEST(Nfc, ComposesAndBoundsCombiningRuns) {
  EXPECT_EQ(to_nfc("u\u0308"), "ü");
  EXPECT_EQ(to_nfc("plain"), "plain");
  EXPECT_EQ(to_nfc("\xff"), std::nullopt);
  EXPECT_EQ(to_nfc("\xed\xa0\x80"), std::nullopt);
  std::string marks;
  for (int i = 0; i < 30; ++i) marks += "\u0323";
  EXPECT_TRUE(to_nfc("a" + marks));
  EXPECT_FALSE(to_nfc("a" + marks + "\u0323"));
}

TEST(FoldCase, IsOneCharacterToOne) {
  EXPECT_EQ(fold_case("ÄÖ"), fold_case("ä\u006f\u0308"));
  EXPECT_EQ(fold_case("ẞ"), fold_case("ß"));
  EXPECT_NE(fold_case("ß"), fold_case("ss"));
  EXPECT_EQ(fold_case("ABC"), "abc");
}

}  // namespace
}  // namespace peregrine::text
