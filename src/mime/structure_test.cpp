#include "mime/structure.h"

#include <gtest/gtest.h>
#include <string>

#include "mime/part_numbers.h"
#include "mime/test_support.h"
#include "mime/transfer.h"

namespace peregrine::mime {
namespace {

using namespace std::string_literals;
using test::crlf;
using test::repeated;

/// The summary, after the check that core makes of it.
MessageSummary read(std::string_view raw, const Limits& limits = {}) {
  MessageSummary summary = read_message(raw, limits);
  auto again = decode_summary(encode_summary(summary), raw.size());
  EXPECT_TRUE(again.has_value()) << raw.substr(0, 300);
  EXPECT_TRUE(again && *again == summary) << raw.substr(0, 300);
  return summary;
}

/// One word a part: "parent:type/subtype".
std::string tree(const MessageSummary& summary) {
  std::string out;
  for (const Part& p : summary.parts) {
    if (!out.empty()) out += " ";
    out += std::to_string(p.parent) + ":" + p.type + "/" + p.subtype;
  }
  return out;
}

Defects defects(const MessageSummary& summary) {
  return Defects{summary.defects};
}

std::string body(std::string_view raw, const MessageSummary& summary, std::size_t part) {
  return std::string(body_of(summary.parts.at(part), raw));
}

TEST(ReadMessage, DescribesAPlainMessage) {
  std::string raw = crlf(
      "From: Fred Foobar <foobar@Blurdybloop.example>\nSubject: afternoon meeting\n"
      "Date: Tue, 1 Jul 2003 10:52:37 +0200\nMessage-Id: <B27397@Blurdybloop.example>\n"
      "To: mooch@owatagu.siam.edu.example\nIn-Reply-To:\n\nHello Joe\nlast line");
  MessageSummary summary = read(raw);
  EXPECT_EQ(summary.size, raw.size());
  EXPECT_EQ(raw.substr(summary.header_size), "Hello Joe\r\nlast line");
  EXPECT_EQ(tree(summary), "0:text/plain");
  EXPECT_EQ(summary.parts[0].lines, 1U);
  EXPECT_EQ(summary.parts[0].body_size, 20U);
  EXPECT_EQ(summary.sent, UnixTime{1057049557});
  EXPECT_EQ(summary.sent_zone_minutes, 120);
  EXPECT_EQ(summary.envelope.subject, "afternoon meeting");
  EXPECT_EQ(summary.envelope.in_reply_to, "");
  EXPECT_EQ(summary.envelope.message_id, "<B27397@Blurdybloop.example>");
  ASSERT_EQ(summary.envelope.from.size(), 1U);
  EXPECT_EQ(summary.envelope.from[0],
            (EnvelopeAddress{"Fred Foobar", "foobar", "Blurdybloop.example"}));
  // RFC 9051 section 7.5.2: Sender and Reply-To default to From.
  EXPECT_EQ(summary.envelope.sender, summary.envelope.from);
  EXPECT_EQ(summary.envelope.reply_to, summary.envelope.from);
  EXPECT_EQ(defects(summary), Defects{});
}

TEST(ReadMessage, FindsPartsAndTheirBodies) {
  std::string raw = crlf(
      "Content-Type: multipart/mixed; boundary=\"a b\"\n\npreamble\n--a b\n\nimplicit\n--a b \t\n"
      "Content-Type: text/html; charset=utf-8\nContent-ID: <1@x>\nContent-Description: d\n"
      "Content-Transfer-Encoding: Base64 (c)\nContent-Disposition: inline; filename=f\n"
      "Content-MD5: m\nContent-Language: en, de\nContent-Location: l\n\nYQ==\n\n--a b--\n"
      "--a b\nepilogue\n");
  MessageSummary summary = read(raw);
  EXPECT_EQ(tree(summary), "0:multipart/mixed 0:text/plain 0:text/html");
  EXPECT_EQ(body(raw, summary, 1), "implicit");
  EXPECT_EQ(body(raw, summary, 2), "YQ==\r\n");
  EXPECT_EQ(summary.parts[1].lines, 0U);
  EXPECT_EQ(summary.parts[2].lines, 1U);
  const Part& part = summary.parts[2];
  EXPECT_EQ(part.parameters, (std::vector<Parameter>{{"charset", "utf-8"}}));
  EXPECT_EQ(part.id, "<1@x>");
  EXPECT_EQ(part.description, "d");
  EXPECT_EQ(part.encoding, "base64");
  EXPECT_EQ(part.disposition, "inline");
  EXPECT_EQ(part.md5, "m");
  EXPECT_EQ(part.language, (std::vector<std::string>{"en", "de"}));
  EXPECT_EQ(part.location, "l");
  EXPECT_EQ(defects(summary), Defects{});
}

TEST(ReadMessage, DescendsIntoMessagesAndDigests) {
  std::string raw = crlf(
      "Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: one\n\nbody one\n--x\n"
      "Content-Type: message/rfc822\n\nSubject: two\nContent-Type: multipart/mixed; boundary=y\n\n"
      "--y\n\nin two\n--y--\n--x\nContent-Type: text/plain\n\nno message\n--x--\n");
  MessageSummary summary = read(raw);
  EXPECT_EQ(tree(summary),
            "0:multipart/digest 0:message/rfc822 1:text/plain 0:message/rfc822 3:multipart/mixed "
            "4:text/plain 0:text/plain");
  EXPECT_EQ(summary.parts[1].envelope->subject, "one");
  EXPECT_EQ(body(raw, summary, 2), "body one");
  EXPECT_EQ(summary.parts[3].envelope->subject, "two");
  EXPECT_EQ(summary.parts[1].lines, 2U);
  EXPECT_EQ(body(raw, summary, 5), "in two");
}

TEST(ReadMessage, TakesTheLongestThenTheInnermostBoundary) {
  std::string raw = crlf(
      "Content-Type: multipart/mixed; boundary=abc\n\n--abc\n"
      "Content-Type: multipart/mixed; boundary=abcd\n\n--abcd\n\ninner\n--abcd--\n--abc\n\n"
      "outer\n--abc--\n");
  MessageSummary summary = read(raw);
  EXPECT_EQ(tree(summary), "0:multipart/mixed 0:multipart/mixed 1:text/plain 0:text/plain");
  EXPECT_EQ(body(raw, summary, 3), "outer");
  EXPECT_TRUE(defects(summary).has(Defect::reused_boundary));
}

TEST(ReadMessage, EndsInnerPartsAtAnOuterBoundary) {
  std::string raw = crlf(
      "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; "
      "boundary=i\n\n--i\n\ninner\n--o\n\nouter\n--o--\n");
  MessageSummary summary = read(raw);
  EXPECT_EQ(tree(summary), "0:multipart/mixed 0:multipart/mixed 1:text/plain 0:text/plain");
  EXPECT_EQ(body(raw, summary, 2), "inner");
  EXPECT_EQ(body(raw, summary, 1), "--i\r\n\r\ninner");
  EXPECT_TRUE(defects(summary).has(Defect::missing_close));
}

TEST(ReadMessage, TakesPartsWithoutBodyOrBlankLine) {
  std::string raw = crlf(
      "Content-Type: multipart/mixed; boundary=x\n\n--x\n--x\nContent-Type: text/html\n--x\n\n--x\n"
      "no field\nstill body\n--x--\n");
  MessageSummary summary = read(raw);
  EXPECT_EQ(tree(summary), "0:multipart/mixed 0:text/plain 0:text/html 0:text/plain 0:text/plain");
  EXPECT_EQ(body(raw, summary, 1), "");
  EXPECT_EQ(body(raw, summary, 2), "");
  EXPECT_EQ(body(raw, summary, 3), "");
  EXPECT_EQ(body(raw, summary, 4), "no field\r\nstill body");
}

TEST(ReadMessage, ReadsUnreadableContainersAsText) {
  for (const char* type :
       {"multipart/mixed", "multipart/mixed; boundary=\"\"", "multipart/mixed; boundary=nowhere"}) {
    std::string raw = "Content-Type: "s + type + "\r\n\r\n--x\r\n\r\nbody\r\n";
    MessageSummary summary = read(raw);
    EXPECT_EQ(tree(summary), "0:text/plain") << type;
    EXPECT_TRUE(defects(summary).has(Defect::missing_boundary)) << type;
  }
}

TEST(ReadMessage, JoinsDestinationsAndKeepsTheFirstOfOthers) {
  MessageSummary summary =
      read(crlf("To: a@b\nSubject: one\nTo: c@d\nSubject: two\nContent-Type: text/html\n"
                "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--x--\n"));
  EXPECT_EQ(summary.envelope.to.size(), 2U);
  EXPECT_EQ(summary.envelope.subject, "one");
  EXPECT_EQ(tree(summary), "0:text/html");
  EXPECT_TRUE(defects(summary).has(Defect::duplicate_field));
}

// V21: each ambiguity has its name, whoever else would read the message otherwise.
TEST(ReadMessage, NamesEveryAmbiguity) {
  struct Case {
    const char* what;
    std::string raw;
    Defect defect;
  };
  const std::string k_parts = "\r\n--x\r\n\r\nbody\r\n--x--\r\n";
  const std::vector<Case> k_cases = {
      {"two boundaries", "Content-Type: multipart/mixed; boundary=x; boundary=y\r\n" + k_parts,
       Defect::duplicate_boundary},
      {"boundary twice by RFC 2231",
       "Content-Type: multipart/mixed; boundary=x; boundary*=''y\r\n" + k_parts,
       Defect::duplicate_boundary},
      {"two types", "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n",
       Defect::duplicate_field},
      {"two From", "From: a@b\r\nFrom: c@d\r\n\r\n", Defect::duplicate_field},
      {"NUL", "From: a\0b@c\r\n\r\n"s, Defect::nul},
      {"CR", "From: a@b\rc\r\n\r\n", Defect::bare_cr},
      {"CR at the end", "From: a@b\r\n\r\n\r", Defect::bare_cr},
      {"CR CR LF", "From: a@b\r\r\n\r\n", Defect::bare_cr},
      {"LF", "From: a@b\n\r\n", Defect::bare_lf},
      {"LF first", "\nFrom: a@b", Defect::bare_lf},
      {"no close", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nbody",
       Defect::missing_close},
      {"no blank line", "From: a@b\r\nbody\r\n", Defect::malformed_header},
      {"mbox", "From a@b Mon\r\nFrom: a@b\r\n\r\n", Defect::malformed_header},
      {"space", "From : a@b\r\n\r\n", Defect::space_before_colon},
      {"text after boundary",
       "Content-Type: multipart/mixed; boundary=x\r\n\r\n--xy\r\n\r\nbody\r\n--x--\r\n",
       Defect::text_after_boundary},
      {"encoded",
       "Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64\r\n" +
           k_parts,
       Defect::encoded_container},
      {"8-bit", "Subject: \xE4\r\n\r\n", Defect::raw_8bit_header},
  };
  for (const Case& c : k_cases) {
    EXPECT_TRUE(defects(read(c.raw)).has(c.defect)) << c.what;
    EXPECT_NE(defect_name(c.defect), "?");
  }
  MessageSummary clean = read("Content-Type: multipart/mixed; boundary=x\r\n" + k_parts);
  EXPECT_EQ(defects(clean), Defects{});
}

TEST(ReadMessage, FindsStrayLineEndsAtEveryOffset) {
  // The count works in blocks; none of their edges may hide anything.
  for (std::size_t i = 0; i < 400; ++i) {
    std::string raw = repeated("ab\r\n", 100);
    raw[i] = raw[i] == '\r' ? 'x' : raw[i] == '\n' ? 'y' : '\r';
    Defects found = defects(read_message(raw));
    bool cr = found.has(Defect::bare_cr), lf = found.has(Defect::bare_lf);
    EXPECT_EQ(cr, i % 4 != 2) << i;
    EXPECT_EQ(lf, i % 4 == 2) << i;
  }
  EXPECT_EQ(defects(read_message(repeated("ab\r\n", 100))).has(Defect::bare_cr), false);
}

TEST(ReadMessage, TakesEveryPrefixAndEveryDamagedByte) {
  std::string raw = crlf(
      "From: \"a\" <b@c>\nDate: 1 Jul 2003 10:00 Z\nContent-Type: multipart/mixed;\n"
      " boundary=\"o\"\n\np\n--o\nContent-Type: message/rfc822\n\nSubject: x\n"
      "Content-Type: multipart/digest; boundary*0=i; boundary*1=j\n\n--ij\n\nTo: "
      "q\n\nz\n--ij--\n--o\n"
      "Content-Disposition: attachment; filename*=utf-8''%C3%A4\n\ny\n--o--\ne\n");
  for (std::size_t n = 0; n <= raw.size(); ++n) {
    read(raw.substr(0, n));
    for (char c : {'\0', '\n', '-', ':', ' ', '"'}) {
      std::string damaged = raw;
      if (n < damaged.size()) damaged[n] = c;
      read(damaged);
    }
  }
}

TEST(ReadMessage, StopsAtItsLimits) {
  Limits limits;
  limits.depth = 4;
  MessageSummary summary = read(repeated("Content-Type: message/rfc822\r\n\r\n", 10), limits);
  EXPECT_EQ(tree(summary),
            "0:message/rfc822 0:message/rfc822 1:message/rfc822 2:application/octet-stream");
  EXPECT_TRUE(defects(summary).has(Defect::over_limit));

  limits = {};
  limits.parts = 3;
  std::string head = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
  summary = read(head + repeated("--x\r\n\r\nbody\r\n", 5) + "--x--\r\n", limits);
  EXPECT_EQ(tree(summary), "0:multipart/mixed 0:text/plain 0:text/plain");
  EXPECT_EQ(summary.parts[2].body_size, 4U);
  EXPECT_EQ(defects(summary), Defects{}.add(Defect::over_limit));
  summary =
      read(head + "--x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n\r\n--x--\r\n", limits);
  EXPECT_EQ(tree(summary), "0:multipart/mixed 0:text/plain 0:application/octet-stream");
}

TEST(ReadMessage, KeepsTheSummaryWithinItsBudget) {
  std::string six;
  for (const char* name : {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"}) {
    six += name + ": "s + repeated("a@b,", 1500) + "\r\n";
  }
  std::string raw = "Content-Type: multipart/digest; boundary=x\r\n\r\n" +
                    repeated("--x\r\n\r\n" + six + "\r\n", 100) + "--x--\r\n";
  MessageSummary summary = read(raw);
  EXPECT_EQ(summary.parts.size(), 201U);
  EXPECT_TRUE(defects(summary).has(Defect::over_limit));
  EXPECT_LT(encode_summary(summary).size(), mib(4));
  // A type that no longer fits in the budget is not passed off as text.
  Limits limits;
  limits.summary_base_bytes = 0;
  limits.summary_max_bytes = 0;
  EXPECT_EQ(tree(read("Content-Type: image/png\r\n\r\n", limits)), "0:application/octet-stream");
}

TEST(ReadMessage, SurvivesBombs) {
  std::string nested, parts;
  for (int i = 0; i < 100000; ++i) {
    std::string n = std::to_string(i);
    nested += "Content-Type: multipart/mixed; boundary=" + n + "\r\n\r\n--" + n + "\r\n";
  }
  EXPECT_LE(read(nested).parts.size(), 10000U);
  MessageSummary many =
      read("Content-Type: multipart/mixed; boundary=x\r\n\r\n" + repeated("--x\r\n", 1000000));
  EXPECT_EQ(many.parts.size(), 10000U);
  EXPECT_EQ(read(repeated("Content-Type: message/rfc822\r\n\r\n", 100000)).parts.size(), 100U);
  EXPECT_EQ(read("To: " + repeated("a@b,", 100000)).envelope.to.size(), 2000U);
  read("A: " + std::string(mib(1), 'x'));
  read(repeated("A: x\r\n", 100000));
  read(std::string(mib(1), '\0'));
  std::string same;
  for (int i = 1; i <= 100; ++i) {
    std::string boundary(static_cast<std::size_t>(i), 'a');
    same +=
        "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  read(same + "\r\n" + repeated("--ab\r\n", 100000) + repeated("--b\r\n", 100000));
}

TEST(FindPart, FollowsTheExampleOfRfc9051) {
  std::string inner =
      "Content-Type: multipart/mixed; boundary=m\n\n--m\n\n--m\nContent-Type: "
      "application/octet-stream\n\n--m--\n";
  MessageSummary summary = read(crlf(
      "Content-Type: multipart/mixed; boundary=o\n\n--o\n\n--o\nContent-Type: application/pdf\n\n"
      "--o\nContent-Type: message/rfc822\n\n" +
      inner +
      "--o\nContent-Type: multipart/mixed; boundary=p\n\n--p\nContent-Type: image/gif\n\n--p\n"
      "Content-Type: message/rfc822\n\nSubject: x\n\ntext\n--p--\n--o--\n"));
  auto type = [&summary](std::vector<std::uint32_t> numbers) -> std::string {
    auto found = find_part(summary.parts, numbers);
    if (!found) return "none";
    return summary.parts[*found].type + "/" + summary.parts[*found].subtype;
  };
  EXPECT_EQ(type({}), "multipart/mixed");
  EXPECT_EQ(type({1}), "text/plain");
  EXPECT_EQ(type({2}), "application/pdf");
  EXPECT_EQ(type({3}), "message/rfc822");
  EXPECT_EQ(type({3, 1}), "text/plain");
  EXPECT_EQ(type({3, 2}), "application/octet-stream");
  EXPECT_EQ(type({4}), "multipart/mixed");
  EXPECT_EQ(type({4, 1}), "image/gif");
  EXPECT_EQ(type({4, 2}), "message/rfc822");
  EXPECT_EQ(type({4, 2, 1}), "text/plain");
  for (const std::vector<std::uint32_t>& numbers : std::vector<std::vector<std::uint32_t>>{
           {0}, {5}, {1, 1}, {3, 3}, {3, 0}, {4, 2, 2}, {4, 2, 1, 1}, {UINT32_MAX}}) {
    EXPECT_EQ(type(numbers), "none");
  }
  auto message = find_part(summary.parts, std::vector<std::uint32_t>{4, 2});
  auto root = enclosed_root(summary.parts, *message);
  ASSERT_TRUE(root);
  EXPECT_EQ(summary.parts[*root].parent, *message);
  EXPECT_FALSE(enclosed_root(summary.parts, 0));
  EXPECT_FALSE(enclosed_root(summary.parts, 1000));
  EXPECT_EQ(children_of(summary.parts, 0).size(), 4U);
}

TEST(FindPart, KnowsPartOneOfSimpleMessages) {
  MessageSummary plain = read("\r\nx");
  EXPECT_EQ(find_part(plain.parts, std::vector<std::uint32_t>{1}), 0U);
  EXPECT_EQ(find_part(plain.parts, std::vector<std::uint32_t>{2}), std::nullopt);
  EXPECT_EQ(find_part(plain.parts, std::vector<std::uint32_t>{1, 1}), std::nullopt);
  MessageSummary message = read("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny");
  EXPECT_EQ(find_part(message.parts, std::vector<std::uint32_t>{1}), 0U);
  EXPECT_EQ(find_part(message.parts, std::vector<std::uint32_t>{1, 1}), 1U);
  EXPECT_EQ(find_part({}, {}), std::nullopt);
}

TEST(DecodeBody, KnowsTheEncodings) {
  Part part;
  EXPECT_EQ(transfer_encoding(part), TransferEncoding::identity);
  part.encoding = "x-unheard-of";
  EXPECT_EQ(transfer_encoding(part), TransferEncoding::unknown);
  EXPECT_EQ(decode_body("x", TransferEncoding::unknown), std::nullopt);
  EXPECT_EQ(decode_body("abc", TransferEncoding::identity, 2), "ab");
  EXPECT_EQ(decode_body("YWJj", TransferEncoding::base64), "abc");
  EXPECT_EQ(decode_body("=61", TransferEncoding::quoted_printable), "a");
  std::string encoded =
      crlf("junk\nbegin 644 f\n#0V%T\n$0V%T<P``\n`\nend\nbegin 1 x\n#0V%T\nend\n");
  EXPECT_EQ(decode_body(encoded, TransferEncoding::uuencode), "CatCatsCat");
  EXPECT_EQ(decode_body(encoded, TransferEncoding::uuencode, 4), "CatC");
  for (std::size_t n = 0; n <= encoded.size(); ++n) {
    decode_body(encoded.substr(0, n), TransferEncoding::uuencode);
  }
  Part outside;
  outside.body_offset = 5;
  outside.body_size = UINT64_MAX;
  EXPECT_EQ(body_of(outside, "0123456789"), "");
}

}  // namespace
}  // namespace peregrine::mime
