#include "proto/imap/sections.h"

#include <gtest/gtest.h>
#include <string>

namespace peregrine::imap {
namespace {

Part part(PartKind kind, std::uint32_t parent, std::uint64_t header, std::uint64_t at,
          std::uint64_t size) {
  Part out{.kind = kind, .parent = parent};
  out.header_offset = header;
  out.body_offset = at;
  out.body_size = size;
  return out;
}

// The example of RFC 9051 section 6.4.5.1, with made-up offsets.
MessageSummary example() {
  MessageSummary m;
  m.size = 1000;
  m.header_size = 100;
  m.parts = {
      part(PartKind::multipart, 0, 0, 100, 900),     // 0
      part(PartKind::leaf, 0, 110, 120, 10),         // 1: 1
      part(PartKind::leaf, 0, 140, 150, 10),         // 2: 2
      part(PartKind::message, 0, 170, 180, 200),     // 3: 3
      part(PartKind::multipart, 3, 180, 200, 180),   // 4: its root
      part(PartKind::leaf, 4, 210, 220, 10),         // 5: 3.1
      part(PartKind::leaf, 4, 240, 250, 10),         // 6: 3.2
      part(PartKind::multipart, 0, 400, 410, 500),   // 7: 4
      part(PartKind::leaf, 7, 420, 430, 10),         // 8: 4.1
      part(PartKind::message, 7, 450, 460, 400),     // 9: 4.2
      part(PartKind::multipart, 9, 460, 480, 380),   // 10: its root
      part(PartKind::leaf, 10, 490, 500, 10),        // 11: 4.2.1
      part(PartKind::multipart, 10, 520, 530, 300),  // 12: 4.2.2
      part(PartKind::leaf, 12, 540, 550, 10),        // 13: 4.2.2.1
      part(PartKind::leaf, 12, 570, 580, 10),        // 14: 4.2.2.2
  };
  return m;
}

using Numbers = std::vector<std::uint32_t>;

std::optional<std::uint32_t> find(const MessageSummary& m, const Numbers& numbers) {
  return find_part(m, numbers);
}

TEST(Sections, PartNumbersOfTheRfc) {
  auto m = example();
  EXPECT_EQ(find(m, {1}), 1U);
  EXPECT_EQ(find(m, {2}), 2U);
  EXPECT_EQ(find(m, {3}), 3U);
  EXPECT_EQ(find(m, {3, 1}), 5U);
  EXPECT_EQ(find(m, {3, 2}), 6U);
  EXPECT_EQ(find(m, {4}), 7U);
  EXPECT_EQ(find(m, {4, 1}), 8U);
  EXPECT_EQ(find(m, {4, 2}), 9U);
  EXPECT_EQ(find(m, {4, 2, 1}), 11U);
  EXPECT_EQ(find(m, {4, 2, 2}), 12U);
  EXPECT_EQ(find(m, {4, 2, 2, 1}), 13U);
  EXPECT_EQ(find(m, {4, 2, 2, 2}), 14U);
  for (const Numbers& none : {Numbers{}, {5}, {1, 1}, {3, 3}, {4, 2, 3}, {4294967295}, {1, 1, 1}}) {
    EXPECT_EQ(find(m, none), std::nullopt);
  }
}

TEST(Sections, PartOneOfASimpleMessage) {
  MessageSummary m{.size = 50, .header_size = 20, .parts = {part(PartKind::leaf, 0, 0, 20, 30)}};
  EXPECT_EQ(find(m, {1}), 0U);
  EXPECT_EQ(find(m, {2}), std::nullopt);
  EXPECT_EQ(find(m, {1, 1}), std::nullopt);
  EXPECT_EQ(locate_section(m, {.part = {1}}), (ByteRange{20, 30}));
  EXPECT_EQ(locate_section(m, {.part = {1}, .text = SectionText::mime}), (ByteRange{0, 20}));
  EXPECT_EQ(locate_section(m, {.part = {1}, .text = SectionText::header}), std::nullopt);
}

TEST(Sections, MessageThatIsAMessage) {
  MessageSummary m;
  m.size = 100;
  m.header_size = 20;
  m.parts = {part(PartKind::message, 0, 0, 20, 80), part(PartKind::leaf, 0, 20, 40, 60)};
  EXPECT_EQ(find(m, {1}), 0U);
  EXPECT_EQ(find(m, {1, 1}), 1U);
  EXPECT_EQ(locate_section(m, {.part = {1}, .text = SectionText::header}), (ByteRange{20, 20}));
  EXPECT_EQ(locate_section(m, {.part = {1}, .text = SectionText::text}), (ByteRange{40, 60}));
}

TEST(Sections, Ranges) {
  auto m = example();
  EXPECT_EQ(locate_section(m, {}), (ByteRange{0, 1000}));
  EXPECT_EQ(locate_section(m, {.text = SectionText::header}), (ByteRange{0, 100}));
  EXPECT_EQ(locate_section(m, {.text = SectionText::header_fields}), (ByteRange{0, 100}));
  EXPECT_EQ(locate_section(m, {.text = SectionText::text}), (ByteRange{100, 900}));
  EXPECT_EQ(locate_section(m, {.part = {3}}), (ByteRange{180, 200}));
  EXPECT_EQ(locate_section(m, {.part = {3}, .text = SectionText::mime}), (ByteRange{170, 10}));
  EXPECT_EQ(locate_section(m, {.part = {3}, .text = SectionText::header}), (ByteRange{180, 20}));
  EXPECT_EQ(locate_section(m, {.part = {3}, .text = SectionText::text}), (ByteRange{200, 180}));
  EXPECT_EQ(locate_section(m, {.part = {1}, .text = SectionText::text}), std::nullopt);
  EXPECT_EQ(locate_section({}, {}), std::nullopt);
}

TEST(Sections, Partials) {
  ByteRange whole{100, 50};
  constexpr std::uint64_t k_max = 0x7fff'ffff'ffff'ffff;
  EXPECT_EQ(cut(whole, std::nullopt), whole);
  EXPECT_EQ(cut(whole, Partial{0, 10}), (ByteRange{100, 10}));
  EXPECT_EQ(cut(whole, Partial{40, 100}), (ByteRange{140, 10}));
  EXPECT_EQ(cut(whole, Partial{50, 1}), (ByteRange{150, 0}));
  EXPECT_EQ(cut(whole, Partial{k_max, k_max}), (ByteRange{150, 0}));
}

std::string filtered(SectionText text, std::vector<std::string> fields, BytesView header) {
  std::string out;
  HeaderFilter({.text = text, .fields = std::move(fields)}).apply(header, out);
  return out;
}

constexpr std::string_view k_header =
    "From: a\r\nSubject: one\r\n two\r\nto : b\r\nno field\r\n\tmore\r\nTO: c\r\n\r\n";

TEST(HeaderFilter, KeepsNamedFields) {
  EXPECT_EQ(filtered(SectionText::header_fields, {"SUBJECT", "To"}, k_header),
            "Subject: one\r\n two\r\nto : b\r\nTO: c\r\n\r\n");
  EXPECT_EQ(filtered(SectionText::header_fields, {"X"}, k_header), "\r\n");
  EXPECT_EQ(filtered(SectionText::header_fields, {"Subj"}, k_header), "\r\n");
}

TEST(HeaderFilter, DropsNamedFields) {
  EXPECT_EQ(filtered(SectionText::header_fields_not, {"SUBJECT", "To"}, k_header),
            "From: a\r\nno field\r\n\tmore\r\n\r\n");
}

TEST(HeaderFilter, OddBlocks) {
  EXPECT_EQ(filtered(SectionText::header_fields, {"A"}, ""), "");
  // RFC 9051 section 6.4.5.1: no blank line where the message has none.
  EXPECT_EQ(filtered(SectionText::header_fields, {"A"}, "A: 1\r\n"), "A: 1\r\n");
  EXPECT_EQ(filtered(SectionText::header_fields, {"A"}, "A: 1"), "A: 1");
  EXPECT_EQ(filtered(SectionText::header_fields, {"A"}, " x\r\nA: 1\r\n\r\n body"), "A: 1\r\n\r\n");
  EXPECT_EQ(filtered(SectionText::header_fields, {"A"}, "\r\nA: 1\r\n"), "\r\n");
  EXPECT_EQ(filtered(SectionText::header_fields_not, {"A"}, ": x\r\n\r\n"), ": x\r\n\r\n");
}

}  // namespace
}  // namespace peregrine::imap
