#include "mime/search_text.h"

#include <gtest/gtest.h>
#include <string>

#include "mime/generate.h"
#include "mime/header.h"
#include "mime/html_text.h"
#include "mime/structure.h"
#include "mime/test_support.h"
#include "text/fold.h"

namespace peregrine::mime {
namespace {

using namespace std::string_literals;
using test::crlf;
using test::repeated;

SearchText read(std::string_view raw, const SearchTextLimits& limits = {}) {
  return search_text(raw, read_message(raw), limits);
}

TEST(SearchText, HasALineForEachField) {
  SearchText text =
      read(crlf("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n aus  K\xC3\x96LN\nX-A:\nTo : B@C\n\nbody"));
  EXPECT_EQ(text.headers, "subject: " + text::search_fold("grüße") + " aus köln\nx-a: \nto: b@c\n");
  EXPECT_EQ(text.body, "body\n");
}

TEST(SearchText, CannotBeGivenALineByAValue) {
  SearchText text = read("Subject: =?utf-8?q?a=0Afrom:_x?= b\x01\r\n\r\n");
  EXPECT_EQ(text.headers, "subject: a from: x b\n");
}

TEST(SearchText, DecodesTextPartsAndNamesAttachments) {
  SearchText text = read(crlf(
      "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; "
      "charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe=\n Welt\n--x\n"
      "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+SGk8L2I+ITxwPiZhdW1sOw==\n"
      "--x\nContent-Type: application/pdf; name=\"=?utf-8?q?=C3=84?=.pdf\"\n\nWORD\n--x\n"
      "Content-Type: message/rfc822\n\nSubject: INNER\n\nDeep\n--x--\n"));
  EXPECT_EQ(text.body, text::search_fold("grüße") + " welt\nhi! ä\nä.pdf\nsubject: inner\ndeep\n");
}

TEST(SearchText, IsBounded) {
  SearchTextLimits limits{.header_bytes = 100, .body_bytes = 100, .input_bytes = 50};
  SearchText text =
      read("A: " + std::string(1000, 'x') + "\r\n\r\n" + std::string(1000, 'y'), limits);
  EXPECT_LE(text.headers.size(), 100U);
  EXPECT_EQ(text.body.size(), 51U);
  limits.input_bytes = 1000;
  EXPECT_EQ(read("\r\n" + std::string(1000, 'y'), limits).body.size(), 100U);
  EXPECT_EQ(
      read("Content-Type: text/html\r\n\r\n" + repeated("<p>y", 1000), limits).body.size() <= 100,
      true);
}

TEST(Html, LosesItsMarkup) {
  EXPECT_EQ(html_to_text("<b>H</b>ello<br>you"), "Hello you");
  EXPECT_EQ(html_to_text("a<!-- > b -->c"), "ac");
  EXPECT_EQ(html_to_text("a<script>if (a<b) x();</script>b<STYLE>c</STYLE >d"), "a  b  d");
  EXPECT_EQ(html_to_text("<a href=\"x>y\" title='>'>z</a>"), "z");
  EXPECT_EQ(html_to_text("1 < 2 <3 & 4 &amp; &#228;&#xE4;&auml;&nosuch;&#0;&#xFFFFFF;"),
            "1 < 2 <3 & 4 & äää&nosuch;\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(html_to_text("<p don't>x</p>"), " x ");
}

TEST(Html, IsBoundedAndTakesEveryPrefix) {
  EXPECT_EQ(html_to_text("abcdef", 3), "abc");
  EXPECT_LE(html_to_text(repeated("ä", 100), 3).size(), 3U);
  std::string html = "<p a=\"b'c\" d='>'>x&auml;<!-- y --><script>z</script></p";
  for (std::size_t n = 0; n <= html.size(); ++n) html_to_text(html.substr(0, n));
  for (std::string_view piece :
       {"<", "&", "<!--", "<script>", "<a \"", "<a b=\"", "</", "&#", "<p>"}) {
    html_to_text(repeated(piece, 100000));
  }
}

TEST(Generate, FoldsAtWhiteSpace) {
  EXPECT_EQ(header_field("Subject", "x"), "Subject: x\r\n");
  EXPECT_EQ(header_field("Subject", ""), "Subject:\r\n");
  EXPECT_EQ(header_field("Subject", "  "), "Subject:\r\n");
  auto field = header_field("Subject", repeated("word ", 100));
  ASSERT_TRUE(field);
  std::size_t start = 0;
  while (start < field->size()) {
    std::size_t end = field->find("\r\n", start);
    EXPECT_LE(end - start, 78U);
    start = end + 2;
  }
  HeaderReader reader(*field);
  EXPECT_EQ(unfold(reader.next()->value) + " ", repeated("word ", 100));
  EXPECT_FALSE(header_field("X", std::string(1000, 'x')));
  EXPECT_TRUE(header_field("X", std::string(900, 'x')));
}

TEST(Generate, LetsNoValueAddAField) {
  for (const std::string& bad : {"a\r\nBcc: x"s, "a\nb"s, "a\rb"s, "a\0b"s, "\r\n x"s}) {
    EXPECT_FALSE(header_field("Subject", bad));
    EXPECT_FALSE(text_field("Subject", bad));
    EXPECT_FALSE(header_field(bad, "x"));
    ReceivedInfo info;
    info.by = bad;
    EXPECT_FALSE(received_field(info));
    info.by = "mx.example";
    info.helo = bad;
    info.peer_name = bad;
    auto field = received_field(info);
    ASSERT_TRUE(field);
    HeaderReader reader(*field);
    ASSERT_TRUE(reader.next());
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.body_offset(), field->size());
  }
  for (const char* name : {"", "A b", "A:", "\xC3\xA4", "A\t"})
    EXPECT_FALSE(header_field(name, "x"));
}

TEST(Generate, WritesTextAndReceived) {
  EXPECT_EQ(text_field("Subject", "gr\xC3\xBC\xC3\x9F"), "Subject: =?UTF-8?B?Z3LDvMOf?=\r\n");
  ReceivedInfo info{.helo = "client.example",
                    .peer_name = "host.example",
                    .peer_address = "192.0.2.1",
                    .tls = "TLS1.3",
                    .by = "mx.example",
                    .with = "ESMTPS",
                    .id = "1A",
                    .for_recipient = "a@b.example",
                    .time = UnixTime{0}};
  EXPECT_EQ(received_field(info),
            "Received: from client.example (host.example [192.0.2.1]) by mx.example with\r\n"
            " ESMTPS (TLS1.3) id 1A for <a@b.example>; Thu, 1 Jan 1970 00:00:00 +0000\r\n");
  info.helo = "x (evil) by y";
  EXPECT_EQ(received_field(info)->find("evil) by"), std::string::npos);
}

}  // namespace
}  // namespace peregrine::mime
