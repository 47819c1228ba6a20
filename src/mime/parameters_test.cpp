#include "mime/parameters.h"

#include <gtest/gtest.h>
#include <string>

#include "mime/test_support.h"
#include "text/utf8.h"

namespace peregrine::mime {
namespace {

using namespace std::string_literals;
using test::repeated;

std::string show(const std::vector<Parameter>& parameters) {
  std::string out;
  for (const Parameter& p : parameters) out += "; " + p.name + "=" + p.value;
  return out;
}

std::string read(std::string_view value) {
  ContentType type = parse_content_type(value);
  return type.type + "/" + type.subtype + show(type.parameters);
}

Defects defects_of(std::string_view value) {
  return parse_content_type(value).defects;
}

TEST(ContentType, ReadsTypesAndParameters) {
  EXPECT_EQ(read("Text/PLAIN"), "text/plain");
  EXPECT_EQ(read(" text (c) / (d) plain (e) ; Charset = (f) us-ascii (Plain text)"),
            "text/plain; charset=us-ascii");
  EXPECT_EQ(read("text/plain; charset=\"us-\\ascii\"; format=flowed;"),
            "text/plain; charset=us-ascii; format=flowed");
  EXPECT_EQ(read("multipart/mixed;\r\n boundary=\"----=_x y\""),
            "multipart/mixed; boundary=----=_x y");
  EXPECT_EQ(read("multipart/mixed; boundary=gc0pJq0M:08jU534c0p"),
            "multipart/mixed; boundary=gc0pJq0M:08jU534c0p");
  EXPECT_EQ(defects_of("text/plain; a=b; c=\"d\""), Defects{});
}

TEST(ContentType, IsEmptyWhenItNamesNoType) {
  for (const char* value :
       {"", "text", "/", "/plain", "text/", ";charset=x", "=", "\"text\"/plain"}) {
    EXPECT_EQ(parse_content_type(value).type, "") << value;
    EXPECT_TRUE(defects_of(value).has(Defect::malformed_content)) << value;
  }
  EXPECT_EQ(read(std::string(200, 'x') + "/y; a=b"), "/; a=b");
}

TEST(ContentType, ReadsOnPastDamage) {
  EXPECT_EQ(read("text/plain ;;;;; = ;; name=\"value\""), "text/plain; name=value");
  EXPECT_EQ(read("text/plain name=value"), "text/plain; name=value");
  EXPECT_EQ(read("text/plain/format; a=b"), "text/plain; a=b");
  EXPECT_EQ(read("a/b; access-type=mail-server\r\n server=\"x\""),
            "a/b; access-type=mail-server; server=x");
  EXPECT_EQ(read("a/b; name=my file (1).pdf; x=y"), "a/b; name=my file .pdf; x=y");
  EXPECT_EQ(read("a/b; name=foo(1).pdf"), "a/b; name=foo(1).pdf");
  EXPECT_EQ(read("a/b; name=\"unended; x=y"), "a/b; name=unended; x=y");
  EXPECT_EQ(read("a/b; name=; x=y"), "a/b; name=; x=y");
  EXPECT_EQ(read("a/b; \"q\"=1; word; x=y"), "a/b; x=y");
}

TEST(ContentType, PutsRfc2231Together) {
  // RFC 9051 section 7.5.2: the name of a parameter with a charset keeps its asterisk.
  EXPECT_EQ(read("a/b; URL*0=\"ftp://\"; URL*1=\"x.test/y\""), "a/b; url=ftp://x.test/y");
  EXPECT_EQ(read("a/b; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A"),
            "a/b; title*=This is ***fun***");
  EXPECT_EQ(read("a/b; title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n"
                 " title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\""),
            "a/b; title*=This is even more ***fun*** isn't it!");
  EXPECT_EQ(read("a/b; n*1=b; x=y; n*0=a; n*2=c"), "a/b; n=abc; x=y");
  EXPECT_EQ(read("a/b; n*=iso-8859-1''%E4; n=a"), "a/b; n=a; n*=\xC3\xA4");
  EXPECT_EQ(read("a/b; n*0*=utf-8''%C3; n*1*=%A4"), "a/b; n*=\xC3\xA4");
  EXPECT_EQ(read("a/b; n*=no-such''%C3%A4"), "a/b; n*=\xC3\xA4");
  EXPECT_EQ(read("a/b; n*=utf-8''a%0D%0Ab%00c"), "a/b; n*=a  b c");
}

TEST(ContentType, NamesBrokenContinuations) {
  EXPECT_EQ(read("a/b; n*0=a; n*2=c"), "a/b; n=a");
  EXPECT_EQ(read("a/b; n*1=a"), "a/b");
  EXPECT_EQ(read("a/b; n*0=a; n*0=x; n*1=b"), "a/b; n=ab");
  EXPECT_EQ(read("a/b; n*=plain%20"), "a/b; n*=plain ");
  EXPECT_EQ(read("a/b; *=x; **=y; n*99999999999999=z"), "a/b; **=y; n*99999999999999=z");
  for (const char* value : {"a/b; n*0=a; n*2=c", "a/b; n*1=a", "a/b; n*=plain", "a/b; *=x"}) {
    EXPECT_TRUE(defects_of(value).has(Defect::malformed_content)) << value;
  }
}

TEST(ContentType, CountsTheFirstOfTwo) {
  EXPECT_EQ(read("a/b; n=1; N=2"), "a/b; n=1");
  EXPECT_TRUE(defects_of("a/b; n=1; n=2").has(Defect::duplicate_parameter));
  for (const char* value :
       {"multipart/mixed; boundary=a; boundary=b", "multipart/mixed; boundary=a; boundary*=''b",
        "multipart/mixed; boundary=a; boundary*0=b"}) {
    EXPECT_TRUE(defects_of(value).has(Defect::duplicate_boundary)) << value;
    EXPECT_TRUE(parse_container_type(value).defects.has(Defect::duplicate_boundary)) << value;
  }
  EXPECT_EQ(parse_container_type("multipart/x; boundary=\"a \"").boundary, "a");
  EXPECT_EQ(parse_container_type("multipart/x; boundary*0=a; boundary*1=b").boundary, "ab");
}

TEST(ContentType, KeepsItsLimit) {
  std::string many = "a/b";
  for (int i = 0; i < 200; ++i) many += "; p" + std::to_string(i) + "=" + std::to_string(i);
  ContentType type = parse_content_type(many);
  EXPECT_EQ(type.parameters.size(), 128U);
  EXPECT_TRUE(type.defects.has(Defect::over_limit));
}

TEST(ContentType, TakesEveryPrefixAndIsLinear) {
  std::string text = "a (c) /b; x=\"q\\\"\"; n*0*=utf-8'en'%C3%A4; n*1=\"b\"; f=my file; =?x?=";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    ContentType type = parse_content_type(text.substr(0, n));
    for (const Parameter& p : type.parameters) EXPECT_TRUE(text::is_valid_utf8(p.value));
  }
  for (std::string_view piece : {"(", "\"", ";", "=", "a ", "a=", "a=b ", "a=\"", "*", "'", "%",
                                 "/", "a=b (c) d ", "=? ", "\\"}) {
    parse_content_type(repeated(piece, 100000));
    parse_content_type("a/b; c=" + repeated(piece, 100000));
    parse_content_type("a/b; c*=" + repeated(piece, 100000));
  }
}

TEST(ContentDisposition, ReadsTypesAndFileNames) {
  ContentDisposition read = parse_content_disposition("Attachment; filename=\"a b.txt\"; size=3");
  EXPECT_EQ(read.type, "attachment");
  EXPECT_EQ(show(read.parameters), "; filename=a b.txt; size=3");
  EXPECT_EQ(parse_content_disposition("; filename=x").type, "");
}

TEST(FileName, PrefersTheDispositionAndDecodes) {
  Part part;
  EXPECT_EQ(file_name(part), "");
  part.parameters = {{"name", "=?iso-8859-1?q?=E4?=.txt"}};
  EXPECT_EQ(file_name(part), "\xC3\xA4.txt");
  part.disposition_parameters = {{"filename", "plain.txt"}, {"filename*", "\xC3\xB6.txt"}};
  EXPECT_EQ(file_name(part), "\xC3\xB6.txt");
  EXPECT_EQ(charset_of(part), "us-ascii");
  part.parameters = {{"charset", "utf-8"}};
  EXPECT_EQ(charset_of(part), "utf-8");
}

}  // namespace
}  // namespace peregrine::mime
