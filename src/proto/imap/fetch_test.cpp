#include <gtest/gtest.h>
#include <string>

#include "proto/imap/fetch_writer.h"
#include "proto/imap/parse_command.h"

namespace peregrine::imap {
namespace {

std::expected<FetchItems, SyntaxError> parse(std::string_view items, const Limits& limits = {}) {
  auto command = parse_command("a FETCH 1 " + std::string(items), limits);
  if (!command) return std::unexpected(command.error().kind);
  return std::get<Fetch>(std::move(command->body)).items;
}

BodyItem one(std::string_view item) {
  auto items = parse(item);
  if (!items || items->bodies.size() != 1) {
    ADD_FAILURE() << item;
    return {};
  }
  return items->bodies[0];
}

std::string label(std::string_view item) {
  std::string out;
  write_label(out, one(item));
  return out;
}

TEST(Fetch, Macros) {
  auto fast = FetchItems{}
                  .add(FetchAttribute::flags)
                  .add(FetchAttribute::internal_date)
                  .add(FetchAttribute::size);
  EXPECT_EQ(parse("FAST"), fast);
  EXPECT_EQ(parse("all"), FetchItems(fast).add(FetchAttribute::envelope));
  EXPECT_EQ(parse("FULL"),
            FetchItems(fast).add(FetchAttribute::envelope).add(FetchAttribute::body));
  EXPECT_FALSE(parse("(ALL)"));
  EXPECT_FALSE(parse("ALL FLAGS"));
}

TEST(Fetch, Attributes) {
  auto items = parse("(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)");
  ASSERT_TRUE(items);
  EXPECT_EQ(items->attributes, 0x7f);
  EXPECT_TRUE(parse("body")->has(FetchAttribute::body));
  EXPECT_TRUE(items->bodies.empty());
  EXPECT_FALSE(items->sets_seen());
  for (auto bad : {"", "()", "(", "(FLAGS", "FLAGS)", "(FLAGS )", "( FLAGS)", "FLAG", "FLAGSX",
                   "MODSEQ", "BODY.PEEK", "BINARY", "FLAGS FLAGS"}) {
    EXPECT_FALSE(parse(bad)) << bad;
  }
}

TEST(Fetch, UidFetchAlwaysWantsTheUid) {
  auto command = parse_command("a UID FETCH 1 FLAGS", {});
  ASSERT_TRUE(command);
  EXPECT_TRUE(std::get<Fetch>(command->body).items.has(FetchAttribute::uid));
}

TEST(Fetch, Sections) {
  EXPECT_EQ(one("BODY[]").section, Section{});
  EXPECT_FALSE(one("BODY[]").peek);
  EXPECT_TRUE(one("BODY.PEEK[]").peek);
  EXPECT_EQ(one("BODY[HEADER]").section.text, SectionText::header);
  EXPECT_EQ(one("BODY[text]").section.text, SectionText::text);
  auto item = one("BODY[1.2.3]");
  EXPECT_EQ(item.section.part, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(item.section.text, SectionText::none);
  item = one("BODY[4.1.MIME]");
  EXPECT_EQ(item.section.part, (std::vector<std::uint32_t>{4, 1}));
  EXPECT_EQ(item.section.text, SectionText::mime);
  item = one("BODY[HEADER.FIELDS (DATE FROM)]");
  EXPECT_EQ(item.section.fields, (std::vector<std::string>{"DATE", "FROM"}));
  item = one("BODY.PEEK[3.HEADER.FIELDS.NOT (\"X-A\" {2}\r\nTo)]<5.100>");
  EXPECT_EQ(item.section.text, SectionText::header_fields_not);
  EXPECT_EQ(item.section.fields, (std::vector<std::string>{"X-A", "To"}));
  EXPECT_EQ(item.partial, (Partial{5, 100}));
  for (auto bad : {"BODY[",
                   "BODY[1",
                   "BODY[1.",
                   "BODY[1.]",
                   "BODY[.1]",
                   "BODY[0]",
                   "BODY[01]",
                   "BODY[MIME]",
                   "BODY[HEADER.1]",
                   "BODY[HEADER.FIELDS]",
                   "BODY[HEADER.FIELDS ()]",
                   "BODY[HEADER.FIELDS To]",
                   "BODY[HEADER.FIELDS (To)",
                   "BODY[HEADER.FIELDS (\"a b\")]",
                   "BODY[HEADER.FIELDS (a:)]",
                   "BODY[HEADER.FIELDS (\"\")]",
                   "BODY[FOO]",
                   "BODY[]x",
                   "BODY [] ",
                   "RFC822[]",
                   "ENVELOPE[]",
                   "BODY[4294967296]"}) {
    EXPECT_FALSE(parse(bad)) << bad;
  }
}

TEST(Fetch, PartialsTable) {
  for (std::string n :
       {"0", "1", "2147483648", "4294967296", "9223372036854775806", "9223372036854775807"}) {
    EXPECT_TRUE(parse("BODY[]<" + n + ".1>")) << n;
    EXPECT_EQ(parse("BODY[]<0." + n + ">").has_value(), n != "0") << n;
  }
  for (std::string n : {"9223372036854775808", "18446744073709551616", "-1", "", "x"}) {
    EXPECT_FALSE(parse("BODY[]<" + n + ".1>")) << n;
    EXPECT_FALSE(parse("BODY[]<0." + n + ">")) << n;
  }
  EXPECT_FALSE(parse("BODY[]<0." + ("1" + std::string(40, '0')) + ">"));
  EXPECT_FALSE(parse("BODY[]<5>"));
  EXPECT_FALSE(parse("BODY[]<5.>"));
}

TEST(Fetch, Rfc822Names) {
  EXPECT_EQ(one("RFC822").section, Section{});
  EXPECT_FALSE(one("RFC822").peek);
  EXPECT_TRUE(one("RFC822.HEADER").peek);
  EXPECT_EQ(one("RFC822.HEADER").section.text, SectionText::header);
  EXPECT_FALSE(one("RFC822.TEXT").peek);
  EXPECT_EQ(one("RFC822.TEXT").section.text, SectionText::text);
}

TEST(Fetch, Binary) {
  EXPECT_EQ(one("BINARY[1.2]<0.9>").kind, BodyItemKind::binary);
  EXPECT_TRUE(one("BINARY.PEEK[1]").peek);
  EXPECT_TRUE(one("BINARY.SIZE[]").peek);
  EXPECT_FALSE(parse("BINARY.SIZE[1]<0.9>"));
  EXPECT_FALSE(parse("BINARY[HEADER]"));
  EXPECT_FALSE(parse("BINARY[1.MIME]"));
}

TEST(Fetch, LabelsEchoTheItem) {
  EXPECT_EQ(label("BODY.PEEK[]"), "BODY[]");
  EXPECT_EQ(label("body[header]<0.10>"), "BODY[HEADER]<0>");
  EXPECT_EQ(label("BODY.PEEK[3.1.header.fields (to \"X-Y\")]<7.1>"),
            "BODY[3.1.HEADER.FIELDS (to X-Y)]<7>");
  EXPECT_EQ(label("BODY[HEADER.FIELDS.NOT ({3}\r\na\"b)]"), "BODY[HEADER.FIELDS.NOT (\"a\\\"b\")]");
  EXPECT_EQ(label("BODY[HEADER.FIELDS (\"NIL\")]"), "BODY[HEADER.FIELDS (\"NIL\")]");
  EXPECT_EQ(label("BODY[1.MIME]"), "BODY[1.MIME]");
  EXPECT_EQ(label("RFC822"), "RFC822");
  EXPECT_EQ(label("RFC822.HEADER"), "RFC822.HEADER");
  EXPECT_EQ(label("RFC822.TEXT"), "RFC822.TEXT");
  EXPECT_EQ(label("BINARY.PEEK[1]<3.9>"), "BINARY[1]<3>");
  EXPECT_EQ(label("BINARY.SIZE[2]"), "BINARY.SIZE[2]");
}

TEST(Fetch, BodyItemsAreBounded) {
  std::string same = "(BODY[]";
  for (int i = 0; i < 1000; ++i) same += " BODY[]";
  EXPECT_EQ(parse(same + ")")->bodies.size(), 1U);
  std::string different = "(BODY[]";
  for (int i = 1; i < 256; ++i) different += " BODY[" + std::to_string(i) + "]";
  EXPECT_EQ(parse(different + ")")->bodies.size(), 256U);
  EXPECT_EQ(parse(different + " BODY[999])").error(), SyntaxError::too_many_tokens);
}

TEST(Fetch, Response) {
  std::string out;
  BodyItem body{.section = {.part = {1}}};
  FetchWriter fetch(out, 23);
  fetch.uid(Uid(447)).flags(FlagSet{}.add(Flag::seen), std::vector<std::string>{"$junk"});
  fetch.size(44827).internal_date({UnixTime{837596665}, -420});
  fetch.item(body, "a\r\nb").item(body, "");
  fetch.item_nil(body).item_header(body, 5);
  out += "hello";
  fetch.finish();
  EXPECT_EQ(out,
            "* 23 FETCH (UID 447 FLAGS (\\Seen $junk) RFC822.SIZE 44827 "
            "INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[1] {4}\r\na\r\nb BODY[1] \"\" "
            "BODY[1] NIL BODY[1] {5}\r\nhello)\r\n");
}

TEST(Fetch, NulInBodies) {
  std::string out;
  FetchWriter fetch(out, 1);
  BytesView data("a\0b", 3);
  fetch.item({.kind = BodyItemKind::binary}, data).item({}, data);
  fetch.binary_size({.kind = BodyItemKind::binary_size}, 3);
  fetch.finish();
  EXPECT_EQ(out, std::string("* 1 FETCH (BINARY[] ~{3}\r\na\0b BODY[] {3}\r\na?b "
                             "BINARY.SIZE[] 3)\r\n",
                             64));
}

}  // namespace
}  // namespace peregrine::imap
