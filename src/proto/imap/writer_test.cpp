#include "proto/imap/writer.h"

#include <gtest/gtest.h>
#include <string>

#include "proto/imap/responses.h"

namespace peregrine::imap {
namespace {

template <class Write>
std::string written(Write write) {
  std::string out;
  write(out);
  return out;
}

std::string as_string(BytesView text) {
  return written([&](std::string& out) { write_string(out, text); });
}

std::string as_astring(BytesView text) {
  return written([&](std::string& out) { write_astring(out, text); });
}

TEST(Writer, Strings) {
  EXPECT_EQ(as_string(""), "\"\"");
  EXPECT_EQ(as_string("a b"), "\"a b\"");
  EXPECT_EQ(as_string("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(as_string("a\tb"), "\"a\tb\"");
  EXPECT_EQ(as_string("\xc3\xa9"), "{2}\r\n\xc3\xa9");
  EXPECT_EQ(as_string("a\r\nb"), "{4}\r\na\r\nb");
  EXPECT_EQ(as_string(BytesView("a\0b", 3)), "{3}\r\na?b");
  EXPECT_EQ(as_string(std::string(1024, 'x')), "\"" + std::string(1024, 'x') + "\"");
  EXPECT_EQ(as_string(std::string(1025, 'x')), "{1025}\r\n" + std::string(1025, 'x'));
}

TEST(Writer, NilIsNotTheEmptyString) {
  EXPECT_EQ(written([](std::string& out) { write_nstring(out, std::nullopt); }), "NIL");
  EXPECT_EQ(written([](std::string& out) { write_nstring(out, ""); }), "\"\"");
  EXPECT_EQ(written([](std::string& out) { write_nstring(out, "NIL"); }), "\"NIL\"");
}

TEST(Writer, Astrings) {
  EXPECT_EQ(as_astring("X-Y"), "X-Y");
  EXPECT_EQ(as_astring(""), "\"\"");
  EXPECT_EQ(as_astring("nil"), "\"nil\"");
  EXPECT_EQ(as_astring("a]"), "\"a]\"");
  EXPECT_EQ(as_astring("a\r\n"), "{3}\r\na\r\n");
}

TEST(Writer, Numbers) {
  auto number = [](std::uint64_t n) {
    return written([n](std::string& out) { write_number(out, n); });
  };
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(18446744073709551615U), "18446744073709551615");
}

TEST(Writer, FlagLists) {
  std::vector<std::string> keywords = {"$junk", "not an atom", "", "x"};
  EXPECT_EQ(written([&](std::string& out) { write_flag_list(out, FlagSet{0x1f}, keywords); }),
            "(\\Seen \\Answered \\Flagged \\Deleted \\Draft $junk x)");
  EXPECT_EQ(written([](std::string& out) { write_flag_list(out, FlagSet{}, {}); }), "()");
}

TEST(Writer, UidSets) {
  auto set = [](std::vector<Uid> uids) {
    return written([&](std::string& out) { write_uid_set(out, uids); });
  };
  EXPECT_EQ(set({Uid(304), Uid(319), Uid(320)}), "304,319:320");
  EXPECT_EQ(set({Uid(3), Uid(2), Uid(1)}), "3,2,1");
  EXPECT_EQ(set({Uid(4294967294), Uid(4294967295)}), "4294967294:4294967295");
  EXPECT_EQ(set({Uid(4294967295), Uid(0)}), "4294967295,0");
  EXPECT_EQ(set({Uid(7)}), "7");
}

TEST(Responses, Conditions) {
  EXPECT_EQ(written([](std::string& out) {
              write_condition(out, "A1", Condition::ok, "READ-WRITE", "SELECT completed");
              write_condition(out, "", Condition::bad, "", "x\r\ny\xc3");
              write_untagged(out, Condition::bye, "", "Bye");
              write_continuation(out, "");
              write_continuation(out, "idling");
            }),
            "A1 OK [READ-WRITE] SELECT completed\r\n* BAD x??y?\r\n* BYE Bye\r\n+ \r\n"
            "+ idling\r\n");
}

TEST(Responses, Errors) {
  EXPECT_EQ(written([](std::string& out) {
              write_parse_error(out, {SyntaxError::unknown_command, "a", 2});
              write_parse_error(out, {SyntaxError::no_tag, "", 0});
              write_frame_error(out, {FrameErrorKind::literal_too_large, FrameReply::no, "b", 9});
              write_frame_error(out, {FrameErrorKind::bare_lf, FrameReply::bye, "c", 0});
            }),
            "a BAD Unknown command\r\n* BAD A command starts with a tag\r\n"
            "b NO [TOOBIG] Literal is too large\r\n"
            "* BYE Lines end with CRLF: LF alone is not allowed\r\n");
}

TEST(Responses, Codes) {
  EXPECT_EQ(capability_code(std::vector<std::string_view>{"IMAP4rev2", "IDLE"}),
            "CAPABILITY IMAP4rev2 IDLE");
  EXPECT_EQ(permanent_flags_code(FlagSet{}.add(Flag::deleted), {}, NewKeywords::yes),
            "PERMANENTFLAGS (\\Deleted \\*)");
  EXPECT_EQ(permanent_flags_code({}, {}, NewKeywords::yes), "PERMANENTFLAGS (\\*)");
  EXPECT_EQ(permanent_flags_code({}, {}, NewKeywords::no), "PERMANENTFLAGS ()");
  EXPECT_EQ(uid_next_code(Uid(4392)), "UIDNEXT 4392");
  EXPECT_EQ(uid_validity_code(UidValidity(3857529045)), "UIDVALIDITY 3857529045");
  EXPECT_EQ(append_uid_code(UidValidity(38505), Uid(3955)), "APPENDUID 38505 3955");
  // RFC 9051 section 6.3.12: the example.
  EXPECT_EQ(copy_uid_code(UidValidity(38505), std::vector{Uid(304), Uid(319), Uid(320)},
                          std::vector{Uid(3956), Uid(3957), Uid(3958)}),
            "COPYUID 38505 304,319:320 3956:3958");
  EXPECT_EQ(bad_charset_code(std::vector<std::string_view>{"US-ASCII", "UTF-8"}),
            "BADCHARSET (US-ASCII UTF-8)");
  EXPECT_EQ(bad_charset_code({}), "BADCHARSET");
}

TEST(Responses, ServerAndMailboxData) {
  EXPECT_EQ(written([](std::string& out) {
              write_capabilities(out, std::vector<std::string_view>{"IMAP4rev1"});
              write_enabled(out, {});
              write_exists(out, 172);
              write_recent(out, 0);
              write_expunge(out, 44);
              write_flags(out, FlagSet{}.add(Flag::draft), {});
              write_namespace(out);
              write_id(out, {});
              write_id(out, std::vector<std::pair<std::string_view, std::string_view>>{
                                {"name", "x"}, {"version", "1"}});
            }),
            "* CAPABILITY IMAP4rev1\r\n* ENABLED\r\n* 172 EXISTS\r\n* 0 RECENT\r\n"
            "* 44 EXPUNGE\r\n* FLAGS (\\Draft)\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"
            "* ID NIL\r\n* ID (\"name\" \"x\" \"version\" \"1\")\r\n");
}

TEST(Responses, Lists) {
  ListEntry entry;
  entry.name = "Sent";
  entry.attributes.add(MailboxAttribute::has_no_children).add(MailboxAttribute::subscribed);
  entry.special_use = SpecialUse::sent;
  ListEntry parent;
  parent.name = "a\"b";
  parent.child_subscribed = true;
  parent.old_name = "\xc3\xa9";
  EXPECT_EQ(written([&](std::string& out) {
              write_list(out, entry);
              write_list(out, parent);
              write_lsub(out, parent);
              write_list_root(out);
            }),
            "* LIST (\\HasNoChildren \\Subscribed \\Sent) \"/\" \"Sent\"\r\n"
            "* LIST () \"/\" \"a\\\"b\" (\"CHILDINFO\" (\"SUBSCRIBED\") \"OLDNAME\" "
            "({2}\r\n\xc3\xa9))\r\n"
            "* LSUB () \"/\" \"a\\\"b\"\r\n"
            "* LIST (\\Noselect) \"/\" \"\"\r\n");
}

TEST(Responses, Status) {
  StatusItems items;
  items.add(StatusItem::messages).add(StatusItem::uid_next).add(StatusItem::size);
  StatusData data{.messages = 231, .uid_next = Uid(44292), .size = 1};
  EXPECT_EQ(written([&](std::string& out) { write_status(out, "blurdybloop", items, data); }),
            "* STATUS \"blurdybloop\" (MESSAGES 231 UIDNEXT 44292 SIZE 1)\r\n");
}

TEST(Responses, SearchResults) {
  NumberSet found({{2, 2}, {10, 11}});
  SearchReturns all = SearchReturns{}.add(SearchReturn::all);
  SearchReturns each =
      SearchReturns(all).add(SearchReturn::min).add(SearchReturn::max).add(SearchReturn::count);
  EXPECT_EQ(written([&](std::string& out) {
              write_search(out, found);
              write_search(out, {});
              write_esearch(out, "A283", Numbering::sequence, all, found);
              write_esearch(out, "A284", Numbering::uid, each, found);
              write_esearch(out, "A285", Numbering::uid, each, {});
            }),
            "* SEARCH 2 10 11\r\n* SEARCH\r\n"
            "* ESEARCH (TAG \"A283\") ALL 2,10:11\r\n"
            "* ESEARCH (TAG \"A284\") UID MIN 2 MAX 11 ALL 2,10:11 COUNT 3\r\n"
            "* ESEARCH (TAG \"A285\") UID COUNT 0\r\n");
}

}  // namespace
}  // namespace peregrine::imap
