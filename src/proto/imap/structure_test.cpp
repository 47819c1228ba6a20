#include <gtest/gtest.h>
#include <string>

#include "proto/imap/structure_writer.h"

namespace peregrine::imap {
namespace {

std::string body(const MessageSummary& summary) {
  std::string out;
  write_body(out, summary);
  return out;
}

std::string structure(const MessageSummary& summary) {
  std::string out;
  write_body_structure(out, summary);
  return out;
}

std::string envelope(const Envelope& e) {
  std::string out;
  write_envelope(out, e);
  return out;
}

Part text_part(std::uint64_t size, std::uint64_t lines) {
  return {.parameters = {{"charset", "us-ascii"}}, .body_size = size, .lines = lines};
}

constexpr std::string_view k_nil_envelope = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";

TEST(Structure, AParameterWithACharsetIsEncoded) {
  // RFC 2231 section 4.
  Part part = text_part(1, 1);
  part.disposition = "attachment";
  part.disposition_parameters = {{"filename*", "caf\xC3\xA9 '1'.txt"}};
  MessageSummary m;
  m.parts.push_back(part);
  EXPECT_NE(structure(m).find(R"(("filename*" "utf-8''caf%C3%A9%20%271%27.txt"))"),
            std::string::npos);
}

TEST(Envelope, ExampleOfTheRfc) {
  // RFC 9051 section 8: the sample session's ENVELOPE.
  Envelope e;
  e.date = "Wed, 17 Jul 1996 02:23:25 -0700 (PDT)";
  e.subject = "IMAP4rev2 WG mtg summary and minutes";
  e.from = {{"Terry Gray", "gray", "cac.washington.edu"}};
  e.to = {{std::nullopt, "imap", "cac.washington.edu"}};
  e.cc = {{std::nullopt, "minutes", "CNRI.Reston.VA.US"}, {"John Klensin", "KLENSIN", "MIT.EDU"}};
  e.message_id = "<B27397-0100000@cac.washington.ed>";
  EXPECT_EQ(envelope(e),
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((NIL NIL \"imap\" \"cac.washington.edu\")) "
            "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
            "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
            "\"<B27397-0100000@cac.washington.ed>\")");
}

TEST(Envelope, AbsentAndEmptyFields) {
  EXPECT_EQ(envelope({}), k_nil_envelope);
  Envelope e;
  e.subject = "";
  e.in_reply_to = "";
  EXPECT_EQ(envelope(e), "(NIL \"\" NIL NIL NIL NIL NIL NIL \"\" NIL)");
}

TEST(Envelope, Groups) {
  Envelope e;
  e.to = {{std::nullopt, "team", std::nullopt},
          {std::nullopt, "a", "b.example"},
          {std::nullopt, std::nullopt, std::nullopt}};
  EXPECT_EQ(envelope(e),
            "(NIL NIL NIL NIL NIL ((NIL NIL \"team\" NIL)(NIL NIL \"a\" \"b.example\")"
            "(NIL NIL NIL NIL)) NIL NIL NIL NIL)");
}

TEST(Envelope, OwnSenderAndReplyTo) {
  Envelope e;
  e.from = {{std::nullopt, "f", "x"}};
  e.sender = {{std::nullopt, "s", "x"}};
  e.reply_to = {{std::nullopt, "r", "x"}};
  EXPECT_EQ(envelope(e),
            "(NIL NIL ((NIL NIL \"f\" \"x\")) ((NIL NIL \"s\" \"x\")) ((NIL NIL \"r\" \"x\")) "
            "NIL NIL NIL NIL NIL)");
}

TEST(BodyStructure, SimpleText) {
  // RFC 9051 section 7.5.2: the two examples; case of the names aside.
  MessageSummary m{.parts = {text_part(2279, 48)}};
  EXPECT_EQ(body(m), "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2279 48)");
  EXPECT_EQ(structure(m),
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2279 48 "
            "NIL NIL NIL NIL)");
}

TEST(BodyStructure, TwoParts) {
  MessageSummary m;
  m.parts.push_back({.kind = PartKind::multipart,
                     .type = "multipart",
                     .subtype = "mixed",
                     .parameters = {{"boundary", "b"}}});
  m.parts.push_back(text_part(1152, 23));
  Part attached = text_part(4554, 73);
  attached.parameters.push_back({"name", "cc.diff"});
  attached.id = "<960723163407.20117h@cac.washington.edu>";
  attached.description = "Compiler diff";
  attached.encoding = "base64";
  attached.md5 = "x";
  attached.disposition = "attachment";
  attached.disposition_parameters = {{"filename", "cc.diff"}};
  attached.language = {"en", "de"};
  attached.location = "http://x";
  m.parts.push_back(attached);
  EXPECT_EQ(body(m),
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1152 23)"
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\" \"name\" \"cc.diff\") "
            "\"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"base64\" 4554 73) "
            "\"mixed\")");
  EXPECT_EQ(structure(m),
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1152 23 "
            "NIL NIL NIL NIL)"
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\" \"name\" \"cc.diff\") "
            "\"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"base64\" 4554 73 "
            "\"x\" (\"attachment\" (\"filename\" \"cc.diff\")) (\"en\" \"de\") \"http://x\") "
            "\"mixed\" (\"boundary\" \"b\") NIL NIL NIL)");
}

TEST(BodyStructure, EnclosedMessage) {
  MessageSummary m;
  m.parts.push_back({.kind = PartKind::multipart, .type = "multipart", .subtype = "mixed"});
  m.parts.push_back({.kind = PartKind::message,
                     .type = "message",
                     .subtype = "rfc822",
                     .body_size = 500,
                     .lines = 12,
                     .envelope = Envelope{.subject = "inner"}});
  m.parts.push_back(
      {.kind = PartKind::multipart, .parent = 1, .type = "multipart", .subtype = "alternative"});
  m.parts.push_back({.parent = 2, .body_size = 1, .lines = 1});
  m.parts.push_back({.parent = 2, .subtype = "html", .body_size = 2, .lines = 2});
  m.parts.push_back({.parent = 0, .type = "image", .subtype = "png", .body_size = 3, .lines = 9});
  EXPECT_EQ(body(m),
            "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 500 "
            "(NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL) "
            "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1)"
            "(\"text\" \"html\" NIL NIL NIL \"7bit\" 2 2) \"alternative\") 12)"
            "(\"image\" \"png\" NIL NIL NIL \"7bit\" 3) \"mixed\")");
}

// What no sane summary has still comes out as the grammar wants it.
TEST(BodyStructure, OddSummaries) {
  std::string empty_text = "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)";
  EXPECT_EQ(body({}), empty_text);
  MessageSummary m;
  m.parts = {{.kind = PartKind::multipart, .type = "multipart", .subtype = "mixed"}};
  EXPECT_EQ(body(m), "(" + empty_text + " \"mixed\")");
  m.parts = {{.type = "message", .subtype = "rfc822", .body_size = 9, .lines = 1}};
  EXPECT_EQ(body(m), "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9 " +
                         std::string(k_nil_envelope) + " " + empty_text + " 1)");
  m.parts = {{.type = "multipart", .subtype = "mixed", .body_size = 9, .lines = 1}};
  EXPECT_EQ(body(m), "(\"application\" \"octet-stream\" NIL NIL NIL \"7bit\" 9)");
  m.parts = {{.kind = PartKind::message, .type = "message", .subtype = "news"}, {.parent = 0}};
  EXPECT_EQ(body(m), "(\"message\" \"news\" NIL NIL NIL \"7bit\" 0)");
  m.parts = {{}, {.parent = 0}, {.parent = 7}};
  EXPECT_EQ(body(m), empty_text);
}

TEST(BodyStructure, DeepNestingIsIterative) {
  MessageSummary m;
  for (std::uint32_t i = 0; i < 100000; ++i) {
    m.parts.push_back({.kind = PartKind::multipart,
                       .parent = i == 0 ? 0 : i - 1,
                       .type = "multipart",
                       .subtype = "x"});
  }
  auto out = body(m);
  EXPECT_EQ(out.substr(0, 3), "(((");
  EXPECT_EQ(std::count(out.begin(), out.end(), '('), std::count(out.begin(), out.end(), ')'));
}

}  // namespace
}  // namespace peregrine::imap
