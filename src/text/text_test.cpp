#include <gtest/gtest.h>

#include "text/base64.h"
#include "text/charset.h"
#include "text/fold.h"
#include "text/mutf7.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"

namespace peregrine::text {
namespace {

using namespace std::string_literals;

// One character of each length, and the last code point.
const std::string k_mixed = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF";

TEST(Utf8, AcceptsWhatRfc3629DefinesAndNothingElse) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("\0\x7F"s));
  EXPECT_TRUE(is_valid_utf8(k_mixed));
  EXPECT_TRUE(is_valid_utf8(std::string(100, 'x') + k_mixed));
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC1\x80", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3(", "\xE2\x82(", "\xC3"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
    EXPECT_FALSE(is_valid_utf8(std::string(64, 'x') + bad));
  }
}

TEST(Utf8, EveryPrefixOfAValidTextIsReplacedAndCutCleanly) {
  for (std::size_t n = 0; n <= k_mixed.size(); ++n) {
    std::string prefix = k_mixed.substr(0, n);
    std::string replaced = replace_invalid_utf8(prefix);
    EXPECT_TRUE(is_valid_utf8(replaced)) << n;
    EXPECT_EQ(is_valid_utf8(prefix), replaced == prefix) << n;
    EXPECT_TRUE(is_valid_utf8(truncate_utf8(k_mixed, n))) << n;
    EXPECT_TRUE(is_valid_utf8(replace_invalid_utf8(k_mixed, n))) << n;
    EXPECT_LE(replace_invalid_utf8(k_mixed, n).size(), n);
    EXPECT_GE(truncate_utf8(k_mixed, n).size() + 3, n);
  }
}

TEST(Utf8, ReplacesEachMaximalPartOnce) {
  EXPECT_EQ(replace_invalid_utf8("a\xE2\x82z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(replace_invalid_utf8("\xF0\x9F\x98"), "\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, WritesWhatItReads) {
  for (char32_t c :
       {U'a', U'\x7F', U'\x80', U'\x7FF', U'\x800', U'\xFFFF', U'\x10000', U'\x10FFFF'}) {
    std::string bytes;
    append_utf8(bytes, c);
    CodePoint point = decode_utf8(bytes, 0);
    EXPECT_TRUE(point.valid);
    EXPECT_EQ(point.value, c);
    EXPECT_EQ(point.size, bytes.size());
  }
  std::string surrogate;
  append_utf8(surrogate, 0xD800);
  EXPECT_EQ(surrogate, "\xEF\xBF\xBD");
}

TEST(Base64, RoundTripsAndIsStrict) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64_decode_lenient(base64_encode_lines(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  for (const char* bad : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zg= =",
                          "Zm9v\r\n", " Zm9v", "Zm-v", "Zm9v="}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(base64_decode(""), "");
}

TEST(Base64, LenientReaderShowsWhatIsThere) {
  EXPECT_EQ(base64_decode_lenient("Zm9v\r\nYmFy"), "foobar");
  EXPECT_EQ(base64_decode_lenient("Z m!9*v"), "foo");
  EXPECT_EQ(base64_decode_lenient("Zg==Zm9v"), "ffoo");
  EXPECT_EQ(base64_decode_lenient("Zm9vYg"), "foob");
  EXPECT_EQ(base64_decode_lenient("Zm9vYmFy", 4), "foob");
  EXPECT_EQ(base64_decode_lenient("===="), "");
}

TEST(QuotedPrintable, DecodesAsRfc2045Says) {
  EXPECT_EQ(quoted_printable_decode("a=3Db=\r\nc \t\r\nd"), "a=bc\r\nd");
  EXPECT_EQ(quoted_printable_decode("soft = \t\r\nbreak"), "soft break");
  EXPECT_EQ(quoted_printable_decode("=c3=A4"), "\xC3\xA4");
  EXPECT_EQ(quoted_printable_decode("=XY=4=\n=A"), "=XY=4=A");
  EXPECT_EQ(quoted_printable_decode("line\nend=\n"), "line\nend");
  EXPECT_EQ(quoted_printable_decode("abcdef", 3), "abc");
  EXPECT_EQ(quoted_printable_decode("="), "");
}

TEST(QuotedPrintable, RoundTripsWithShortLines) {
  std::string text =
      "Gr\xC3\xBC\xC3\x9F"
      "e = \r\n" +
      std::string(200, 'x') + " \r\n\t\r\nend ";
  std::string encoded = quoted_printable_encode(text);
  EXPECT_EQ(quoted_printable_decode(encoded), text);
  std::size_t start = 0;
  while (start < encoded.size()) {
    std::size_t end = std::min(encoded.find("\r\n", start), encoded.size());
    EXPECT_LE(end - start, 76U);
    start = end + 2;
  }
}

TEST(QuotedPrintable, HeaderFormReadsUnderscores) {
  EXPECT_EQ(q_decode("a_b=20c=5F_"), "a b c_ ");
  EXPECT_EQ(q_decode("=4"), "=4");
}

TEST(Charset, ConvertsWhatMailUses) {
  EXPECT_EQ(to_utf8("UTF-8", "\xC3\xA4"), "\xC3\xA4");
  EXPECT_EQ(to_utf8("utf-8", "\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(to_utf8("ISO-8859-1", "\xE4\x80"), "\xC3\xA4\xE2\x82\xAC");
  EXPECT_EQ(to_utf8("us-ascii", "\xE4"), "\xC3\xA4");
  EXPECT_EQ(to_utf8("koi8-r", "\xD0\xD2\xC9"), "при");
  EXPECT_EQ(to_utf8("iso-2022-jp", "\x1B$B$3$s\x1B(B"), "こん");
  EXPECT_EQ(to_utf8("shift_jis", "\x82\xB1"), "こ");
  EXPECT_EQ(to_utf8("gb2312", "\xC4\xE3"), "你");
  EXPECT_EQ(to_utf8("big5", "\xA7\x41"), "你");
  EXPECT_EQ(to_utf8("utf-7", "+AOQ-"), "ä");
  EXPECT_EQ(to_utf8("utf-16be", "\0a\xD8\x3D\xDE\x00"s), "a😀");
}

TEST(Charset, RefusesLabelsThatNameNone) {
  for (const char* label :
       {"", "no-such", "x-unknown", "utf-8,version=1", "../../etc/passwd", "a b", "UTF-8\n"}) {
    EXPECT_FALSE(is_known_charset(label)) << label;
    EXPECT_EQ(to_utf8(label, "x"), std::nullopt) << label;
  }
  EXPECT_FALSE(is_known_charset(std::string(1000, 'a')));
  EXPECT_FALSE(is_known_charset("utf-8\0"s));
  EXPECT_TRUE(is_known_charset("Windows-1252"));
  EXPECT_EQ(to_utf8_or_guess("no-such", "\xE4"), "\xC3\xA4");
}

TEST(Charset, KeepsItsBoundAndCutsBetweenCharacters) {
  std::string bytes(20000, '\xE4');
  for (std::size_t bound : {0U, 1U, 2U, 3U, 4095U, 4096U, 9999U}) {
    auto text = to_utf8("iso-8859-1", bytes, bound);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->size(), bound / 2 * 2);
    EXPECT_TRUE(is_valid_utf8(*text));
  }
  EXPECT_EQ(to_utf8("iso-8859-1", bytes)->size(), 40000U);
}

TEST(Charset, TakesEveryPrefixOfAStatefulEncoding) {
  std::string bytes = "x\x1B$B$3$s\x1B(By";
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    EXPECT_TRUE(is_valid_utf8(*to_utf8("iso-2022-jp", bytes.substr(0, n)))) << n;
  }
}

TEST(SearchFold, MatchesWithoutRegardToCaseAndSpelling) {
  EXPECT_EQ(search_fold("Hello \r\n\t World"), "hello world");
  EXPECT_EQ(search_fold("\xC3\x84"), "\xC3\xA4");
  EXPECT_EQ(search_fold("A\xCC\x88"), "\xC3\xA4");
  EXPECT_EQ(search_fold("STRASSE"), search_fold("stra\xC3\x9F"
                                                "e"));
  EXPECT_EQ(search_fold("\xEF\xBC\xA1"), "a");
  EXPECT_EQ(search_fold("\xCE\xA3\xCE\x91\xCE\xA3"), search_fold("\xCF\x83\xCE\xB1\xCF\x82"));
  EXPECT_EQ(search_fold("a\xC2\xA0 b"), "a b");
  EXPECT_EQ(search_fold("a\0b\x07"s), "ab");
  EXPECT_EQ(search_fold("\xFF"), "\xEF\xBF\xBD");
}

TEST(SearchFold, IsBounded) {
  // U+FDFA folds into eighteen characters.
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "\xEF\xB7\xBA";
  EXPECT_LE(search_fold(wide, 3000).size(), 3000U);
  EXPECT_TRUE(is_valid_utf8(search_fold(wide, 3001)));
  EXPECT_EQ(search_fold("abcdef", 3), "abc");
  std::string marks = "a";
  for (int i = 0; i < 100000; ++i) marks += i % 2 == 0 ? "\xCC\x80" : "\xCC\xA3";
  EXPECT_LE(search_fold(marks).size(), 64U);
}

TEST(SearchFold, a_long_line_folds_like_its_bytes_one_by_one) {
  // Long enough for whole blocks, with one byte of each kind at each place.
  for (std::string_view special : {" ", "  ", "\t", " \t", "\x07", "\x7F", "Q", "\xC3\x84"}) {
    for (std::size_t at = 0; at < 70; ++at) {
      std::string line = "The quick brown Fox jumps over the lazy dog and THEN over another one...";
      line.insert(at, special);
      std::string expected;
      for (char c : line) {
        char folded = c == '\t' ? ' ' : ascii_lower(c);
        if (c == '\x07' || c == '\x7F') continue;
        if (folded == ' ' && expected.ends_with(' ')) continue;
        expected.push_back(folded);
      }
      if (auto umlaut = expected.find("\xC3\x84"); umlaut != std::string::npos) {
        expected.replace(umlaut, 2, "\xC3\xA4");
      }
      EXPECT_EQ(search_fold(line), expected) << at;
    }
  }
}

TEST(ModifiedUtf7, ReadsAndWritesTheOneSpelling) {
  const std::pair<const char*, const char*> k_pairs[] = {
      {"INBOX", "INBOX"},
      {"&-", "&"},
      {"a&-b", "a&b"},
      {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"},
      {"Entw&APw-rfe", "Entwürfe"},
      {"&2D3eAA-", "😀"},
      {"&AAo-", "\n"},
      {"&AH8-", "\x7F"},
  };
  for (auto [encoded, utf8] : k_pairs) {
    EXPECT_EQ(mutf7_to_utf8(encoded), utf8) << encoded;
    EXPECT_EQ(utf8_to_mutf7(utf8), encoded) << utf8;
  }
}

TEST(ModifiedUtf7, RefusesSecondSpellings) {
  for (const char* bad :
       {"&", "a&", "&U,BTFw", "&AGE-", "&ACY-", "&APw-&APw-", "&APx-", "&AP-", "&A-", "&2D0-",
        "&3gA-", "&2D0AYQ-", "&U/BTFw-", "&APw=-", "\xC3\xA4", "a\n", "&AP w-"}) {
    EXPECT_EQ(mutf7_to_utf8(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(utf8_to_mutf7("\xC3"), std::nullopt);
}

}  // namespace
}  // namespace peregrine::text
