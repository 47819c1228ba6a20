#include "mime/header.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "mime/encoded_word.h"
#include "mime/test_support.h"

namespace peregrine::mime {
namespace {

using namespace std::string_literals;
using test::crlf;
using test::repeated;

struct Read {
  std::vector<std::pair<std::string, std::string>> fields;
  std::size_t body = 0;
  Defects defects;
  bool by_text = false;
};

Read read_all(std::string_view text, const Limits& limits = {}) {
  Read out;
  HeaderReader reader(text, limits);
  while (auto field = reader.next()) {
    out.fields.emplace_back(field->name, unfold(field->value));
    EXPECT_EQ(text.substr(field->offset, field->raw.size()), field->raw);
  }
  EXPECT_FALSE(reader.next());
  out.body = reader.body_offset();
  out.defects = reader.defects();
  out.by_text = reader.ended_by_text();
  EXPECT_LE(out.body, text.size());
  return out;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(HeaderReader, ReadsFieldsUpToTheBlankLine) {
  std::string raw = crlf("From: a@b\nSubject:  one\n two\n\tthree  \nEmpty:\n\nBody: no\n");
  Read read = read_all(raw);
  EXPECT_EQ(read.fields, (Fields{{"From", "a@b"}, {"Subject", "one two\tthree"}, {"Empty", ""}}));
  EXPECT_EQ(raw.substr(read.body), "Body: no\r\n");
  EXPECT_EQ(read.defects, Defects{});
}

TEST(HeaderReader, ToleratesAndNamesDamage) {
  Read read = read_all("From : a\nTo: b\r\n\nx");
  EXPECT_EQ(read.fields, (Fields{{"From", "a"}, {"To", "b"}}));
  EXPECT_TRUE(read.defects.has(Defect::space_before_colon));
  EXPECT_EQ(read.body, 17U);

  read = read_all("A: 1\r\nno field here\r\n\r\nx");
  EXPECT_EQ(read.fields, (Fields{{"A", "1"}}));
  EXPECT_EQ(read.body, 6U);
  EXPECT_TRUE(read.by_text);
  EXPECT_TRUE(read.defects.has(Defect::malformed_header));

  read = read_all("From me Mon Jan 1\r\n stray\r\nA: 1\r\n\r\n");
  EXPECT_EQ(read.fields, (Fields{{"A", "1"}}));
  EXPECT_TRUE(read.defects.has(Defect::malformed_header));

  read = read_all(": x\r\n\r\n");
  EXPECT_TRUE(read.fields.empty());
  EXPECT_TRUE(read.by_text);

  read = read_all("A b: c\r\n \r\n\r\nbody");
  EXPECT_EQ(read.fields, (Fields{{"A b", "c"}}));
  EXPECT_EQ(read.body, 13U);
}

TEST(HeaderReader, EndsAnywhere) {
  std::string raw = crlf("From : a\nSubject: x\n y\n\nbody\n");
  for (std::size_t n = 0; n <= raw.size(); ++n) read_all(std::string_view(raw).substr(0, n));
  EXPECT_TRUE(read_all("").fields.empty());
  EXPECT_EQ(read_all("A: 1").fields, (Fields{{"A", "1"}}));
  EXPECT_EQ(read_all("A: 1\r\n\r\n").body, 8U);
  EXPECT_EQ(read_all("\r\nbody").body, 2U);
}

TEST(HeaderReader, KeepsItsLimitsAndTheBodyOffset) {
  Limits limits;
  limits.header_fields = 3;
  std::string raw = repeated("A: 1\r\n", 10) + "\r\nbody";
  Read read = read_all(raw, limits);
  EXPECT_EQ(read.fields.size(), 3U);
  EXPECT_EQ(raw.substr(read.body), "body");
  EXPECT_TRUE(read.defects.has(Defect::over_limit));

  raw = "A:" + std::string(mib(1), 'x') + "\r\nB: 2\r\n\r\nbody";
  HeaderReader reader(raw);
  auto field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->value.size(), kib(64));
  EXPECT_EQ(field->raw.size(), mib(1) + 4);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(raw.substr(reader.body_offset()), "body");
}

TEST(Unfold, LeavesNothingThatBreaksALine) {
  EXPECT_EQ(unfold(" a\r\n b\n\tc "), "a b\tc");
  EXPECT_EQ(unfold("a\rb\nc\0d\r\ne"s), "a b c d e");
  EXPECT_EQ(unfold("a\r\n\r\n b"), "a b");
  EXPECT_EQ(unfold("\0\0"s), "  ");
  EXPECT_EQ(unfold(" \r\n "), "");
  for (const std::string& value : {"\r\r\n \0\n"s, "x\0\r\n"s, "\nx\r"s}) {
    EXPECT_EQ(unfold(value).find_first_of("\r\n\0"s), std::string::npos);
  }
}

TEST(EncodedWords, DecodeAsRfc2047Shows) {
  // RFC 2047 section 8.
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?="), "a");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?= b"), "a b");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?=     =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a_b?="), "a b");
  EXPECT_EQ(decode_words("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?="), "a b");
  EXPECT_EQ(decode_words("=?US-ASCII*EN?Q?Keith_Moore?="), "Keith Moore");
  EXPECT_EQ(decode_words("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= "
                         "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?="),
            "If you can read this you understand the example.");
}

TEST(EncodedWords, JoinCharactersSplitBetweenWords) {
  EXPECT_EQ(decode_words("=?utf-8?Q?=C3?= =?UTF-8?Q?=A4?="), "\xC3\xA4");
  EXPECT_EQ(decode_words("=?utf-8?B?ww==?= =?utf-8?Q?=A4?="), "\xC3\xA4");
}

TEST(EncodedWords, KeepWhatIsNone) {
  for (const char* text : {"=?", "=?utf-8?", "=?utf-8?Q?", "=?utf-8?x?a?=", "=??q?a?=", "a =?= b",
                           "=?no-such?q?a?=", "=?utf-8?q?a", "plain"}) {
    EXPECT_EQ(decode_words(text), text);
  }
  EXPECT_EQ(decode_words("=?utf-8?q?a?= =?no-such?q?b?= =?utf-8?q?c?="), "a =?no-such?q?b?= c");
  EXPECT_EQ(decode_words("raw \xC3\xA4"), "raw \xC3\xA4");
  EXPECT_EQ(decode_words("raw \xE4"), "raw \xC3\xA4");
}

TEST(EncodedWords, DecodeToOneLine) {
  EXPECT_EQ(decode_words("=?utf-8?q?a=0D=0ABcc:=00b?="), "a  Bcc: b");
}

TEST(EncodedWords, AreBoundedAndLinear) {
  EXPECT_EQ(decode_words(repeated("=?a?q?x", 100000)).size(), 700000U);
  EXPECT_EQ(decode_words(repeated("=?utf-8?q?x?=", 100000)), std::string(100000, 'x'));
  EXPECT_LE(decode_words(repeated("=?utf-8?q?x?=", 1000), 10).size(), 10U);
  decode_words(repeated("=?utf-8?q?x?==?koi8-r?q?x?=", 20000));
  std::string text = "a =?utf-8?B?w6Q=?= =?utf-8?Q?=C3=A4?= b";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    EXPECT_TRUE(text::is_valid_utf8(decode_words(text.substr(0, n))));
  }
}

TEST(EncodedWords, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(encode_words("plain text"), "plain text");
  std::string text = repeated("Grüße aus Köln 😀 ", 20);
  std::string encoded = encode_words(text);
  EXPECT_EQ(decode_words(encoded), text);
  std::size_t start = 0;
  while (start < encoded.size()) {
    std::size_t end = std::min(encoded.find(' ', start), encoded.size());
    EXPECT_LE(end - start, 75U);
    start = end + 1;
  }
  EXPECT_EQ(decode_words(encode_words("=?utf-8?q?x?=")), "=?utf-8?q?x?=");
}

}  // namespace
}  // namespace peregrine::mime
