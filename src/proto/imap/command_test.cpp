#include <gtest/gtest.h>
#include <string>

#include "proto/imap/grammar.h"
#include "proto/imap/parse_command.h"

namespace peregrine::imap {
namespace {

const Limits k_limits;

template <class T>
T parsed(BytesView text, const Limits& limits = k_limits) {
  auto command = parse_command(text, limits);
  EXPECT_TRUE(command) << text << ": " << (command ? "" : log_text(command.error().kind));
  if (!command || !std::holds_alternative<T>(command->body)) {
    ADD_FAILURE() << "not the command expected: " << text;
    return T{};
  }
  return std::get<T>(std::move(command->body));
}

SyntaxError refused(BytesView text, const Limits& limits = k_limits) {
  auto command = parse_command(text, limits);
  EXPECT_FALSE(command) << text;
  return command ? SyntaxError::bad_syntax : command.error().kind;
}

TEST(Command, PlainCommands) {
  for (std::string name : {"CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "NAMESPACE", "IDLE", "CHECK",
                           "CLOSE", "UNSELECT", "EXPUNGE"}) {
    auto command = parse_command("a1 " + name, k_limits);
    ASSERT_TRUE(command) << name;
    EXPECT_EQ(command->tag, "a1");
    EXPECT_EQ(command_name(command->body), name);
    EXPECT_EQ(refused("a1 " + name + " "), SyntaxError::trailing_text);
    EXPECT_EQ(refused("a1 " + name + " x"), SyntaxError::trailing_text);
    EXPECT_TRUE(parse_command("a1 " + ascii_lower(name), k_limits));
  }
}

TEST(Command, Tags) {
  EXPECT_TRUE(parse_command("1 NOOP", k_limits));
  EXPECT_TRUE(parse_command("]x.$ NOOP", k_limits));
  for (auto text : {"", " ", "a", "+ NOOP", "a+b NOOP", " NOOP", "(a NOOP", "\"a\" NOOP", "* NOOP",
                    "x% NOOP", "\xc3\xa9 NOOP", "{3}\r\nabc NOOP"}) {
    EXPECT_EQ(refused(text), SyntaxError::no_tag) << text;
  }
  EXPECT_TRUE(parse_command(std::string(128, 'a') + " NOOP", k_limits));
  EXPECT_EQ(refused(std::string(129, 'a') + " NOOP"), SyntaxError::no_tag);
  EXPECT_EQ(refused(std::string(kib(20), 'a')), SyntaxError::no_tag);
}

TEST(Command, ErrorsCarryTheTag) {
  auto command = parse_command("x7 FROB", k_limits);
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().tag, "x7");
  EXPECT_EQ(command.error().kind, SyntaxError::unknown_command);
  EXPECT_EQ(refused("a"), SyntaxError::no_tag);
  EXPECT_EQ(refused("a  NOOP"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a UID NOOP"), SyntaxError::unknown_command);
}

TEST(Command, BeforeLoginOnlyWhatMayComeThen) {
  Limits before = Limits::before_login();
  for (std::string text : {"a CAPABILITY", "a NOOP", "a LOGOUT", "a ID NIL", "a STARTTLS",
                           "a LOGIN u p", "a AUTHENTICATE PLAIN"}) {
    EXPECT_TRUE(parse_command(text, before)) << text;
  }
  for (std::string text : {"a SELECT x", "a SEARCH ALL", "a APPEND x {3}", "a LIST \"\" *",
                           "a FETCH 1 ALL", "a UID FETCH 1 ALL", "a ENABLE X", "a IDLE"}) {
    EXPECT_EQ(refused(text, before), SyntaxError::not_in_this_state) << text;
  }
}

TEST(Command, Login) {
  auto login = parsed<Login>("a001 LOGIN SMITH SESAME");
  EXPECT_EQ(login.user, "SMITH");
  EXPECT_EQ(login.password.reveal(), "SESAME");
  login = parsed<Login>("A001 LOGIN {11}\r\nFRED FOOBAR {7}\r\nfat man");
  EXPECT_EQ(login.user, "FRED FOOBAR");
  EXPECT_EQ(login.password.reveal(), "fat man");
  login = parsed<Login>("a LOGIN \"a\\\"b\\\\c\" \"\"");
  EXPECT_EQ(login.user, "a\"b\\c");
  EXPECT_EQ(login.password.reveal(), "");
  EXPECT_EQ(parsed<Login>("a LOGIN \"\xc3\xa9\" x]").user, "\xc3\xa9");
}

TEST(Command, Strings) {
  EXPECT_EQ(refused("a LOGIN \"u p"), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN \"u\\x\" p"), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN \"u\\"), SyntaxError::bad_string);
  EXPECT_EQ(refused(BytesView("a LOGIN \"u\0\" p", 14)), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN \"u\r\n\" p"), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN {3}\r\nu p"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a LOGIN u {9}\r\nshort"), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN u {1}x"), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN u {}\r\n"), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN u ~{1}\r\nx"), SyntaxError::trailing_text);
  EXPECT_EQ(refused(BytesView("a LOGIN u {1}\r\n\0", 16)), SyntaxError::bad_string);
  EXPECT_EQ(refused("a LOGIN u \xc3\xa9"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a LOGIN u(x p"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a LOGIN u"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a LOGIN  u p"), SyntaxError::bad_syntax);
}

TEST(Command, LiteralSizesTable) {
  EXPECT_TRUE(parse_command("a SELECT {0}\r\n", k_limits));
  EXPECT_TRUE(parse_command("a SELECT {001}\r\nx", k_limits));
  for (std::string n : {"2", "2147483648", "4294967296", "9223372036854775807",
                        "9223372036854775808", "18446744073709551615", "18446744073709551616"}) {
    EXPECT_EQ(refused("a SELECT {" + n + "}\r\nx"), SyntaxError::bad_string) << n;
  }
  EXPECT_EQ(refused("a SELECT {1" + std::string(40, '0') + "}\r\nx"), SyntaxError::bad_string);
}

TEST(Command, Authenticate) {
  auto plain = parsed<Authenticate>("a AUTHENTICATE plain");
  EXPECT_EQ(plain.mechanism, "PLAIN");
  EXPECT_FALSE(plain.initial_response);
  auto initial = parsed<Authenticate>("a AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=");
  ASSERT_TRUE(initial.initial_response);
  EXPECT_EQ(initial.initial_response->reveal(), "dGVzdAB0ZXN0AHRlc3Q=");
  auto empty = parsed<Authenticate>("a AUTHENTICATE EXTERNAL =");
  ASSERT_TRUE(empty.initial_response);
  EXPECT_TRUE(empty.initial_response->empty());
  EXPECT_EQ(refused("a AUTHENTICATE PLAIN "), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a AUTHENTICATE PLAIN a*b"), SyntaxError::trailing_text);
  EXPECT_EQ(refused("a AUTHENTICATE"), SyntaxError::bad_syntax);
}

TEST(Command, Id) {
  EXPECT_TRUE(parsed<Id>("a ID NIL").fields.empty());
  EXPECT_TRUE(parsed<Id>("a ID ()").fields.empty());
  // RFC 2971 section 3.1: the example.
  auto id = parsed<Id>("a023 ID (\"name\" \"sodr\" \"version\" NIL \"vendor\" \"\")");
  ASSERT_EQ(id.fields.size(), 3U);
  EXPECT_EQ(id.fields[0].second, "sodr");
  EXPECT_EQ(id.fields[1].second, std::nullopt);
  EXPECT_EQ(id.fields[2].second, "");
  std::string many = "a ID (\"x\" NIL";
  for (int i = 1; i < 30; ++i) many += " \"x\" NIL";
  EXPECT_EQ(parsed<Id>(many + ")").fields.size(), 30U);
  EXPECT_EQ(refused(many + " \"x\" NIL)"), SyntaxError::too_many_tokens);
  EXPECT_EQ(refused("a ID (\"x\")"), SyntaxError::bad_syntax);
}

TEST(Command, Mailboxes) {
  EXPECT_EQ(parsed<Select>("a SELECT iNbOx").mailbox.raw, "INBOX");
  EXPECT_TRUE(parsed<Select>("a SELECT \"inbox\"").mailbox.is_inbox());
  EXPECT_EQ(parsed<Examine>("a EXAMINE blurdybloop").mailbox.raw, "blurdybloop");
  EXPECT_EQ(parsed<Delete>("a DELETE foo/bar").mailbox.raw, "foo/bar");
  EXPECT_EQ(parsed<Subscribe>("a SUBSCRIBE #news.comp").mailbox.raw, "#news.comp");
  EXPECT_EQ(parsed<Unsubscribe>("a UNSUBSCRIBE {3}\r\na b").mailbox.raw, "a b");
  EXPECT_EQ(parsed<Rename>("a RENAME x \"y z\"").to.raw, "y z");
  // V28: kept as they are, for the model to refuse.
  EXPECT_EQ(parsed<Select>("a SELECT ../x").mailbox.raw, "../x");
  EXPECT_EQ(parsed<Select>("a SELECT a/../../b").mailbox.raw, "a/../../b");
  EXPECT_EQ(parsed<Select>("a SELECT \"&AC8-\"").mailbox.raw, "&AC8-");
  EXPECT_EQ(refused("a SELECT *"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a SELECT"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a SELECT a b"), SyntaxError::trailing_text);
}

TEST(Command, Create) {
  EXPECT_TRUE(parsed<Create>("a CREATE x").special_use.empty());
  // RFC 6154 section 5.3: the examples.
  EXPECT_EQ(parsed<Create>("t1 CREATE MyDrafts (USE (\\Drafts))").special_use,
            std::vector{SpecialUse::drafts});
  EXPECT_EQ(parsed<Create>("t2 CREATE x (USE (\\junk \\Frob))").special_use,
            (std::vector{SpecialUse::junk, SpecialUse::unknown}));
  EXPECT_TRUE(parsed<Create>("t2 CREATE x (USE ())").special_use.empty());
  EXPECT_EQ(refused("a CREATE x (FOO 1)"), SyntaxError::unknown_option);
  EXPECT_EQ(refused("a CREATE x (USE (Drafts))"), SyntaxError::bad_syntax);
}

TEST(Command, ListOfRfc3501) {
  auto list = parsed<List>("A101 LIST \"\" \"\"");
  EXPECT_EQ(list.reference, "");
  EXPECT_EQ(list.patterns, std::vector<Bytes>{""});
  EXPECT_FALSE(list.is_extended);
  list = parsed<List>("A202 LIST ~/Mail/ %");
  EXPECT_EQ(list.reference, "~/Mail/");
  EXPECT_EQ(list.patterns, std::vector<Bytes>{"%"});
  auto lsub = parsed<Lsub>("A002 LSUB \"news.\" \"comp.mail.*\"");
  EXPECT_EQ(lsub.reference, "news.");
  EXPECT_EQ(lsub.pattern, "comp.mail.*");
}

TEST(Command, ListExtended) {
  // RFC 9051 section 6.3.9.8 and RFC 6154 section 5.2: examples.
  auto list = parsed<List>("A02 LIST (SUBSCRIBED) \"\" \"*\"");
  EXPECT_TRUE(list.is_extended);
  EXPECT_TRUE(list.selection.subscribed);
  EXPECT_TRUE(list.returned.subscribed);
  list = parsed<List>("A03 LIST () \"\" \"%\" RETURN (CHILDREN)");
  EXPECT_TRUE(list.returned.children);
  list = parsed<List>("A04 LIST (REMOTE) \"\" \"%\" RETURN (CHILDREN SUBSCRIBED)");
  EXPECT_TRUE(list.selection.remote);
  list = parsed<List>("BBB LIST \"\" (\"INBOX\" \"Drafts\" Sent/%)");
  EXPECT_EQ(list.patterns, (std::vector<Bytes>{"INBOX", "Drafts", "Sent/%"}));
  list = parsed<List>("t LIST (SPECIAL-USE) \"\" * RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))");
  EXPECT_TRUE(list.selection.special_use);
  EXPECT_TRUE(list.returned.special_use);
  ASSERT_TRUE(list.returned.status);
  EXPECT_TRUE(list.returned.status->has(StatusItem::unseen));
  EXPECT_FALSE(list.returned.status->has(StatusItem::size));
  EXPECT_TRUE(parsed<List>("a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" *").selection.recursive_match);
  EXPECT_EQ(refused("a LIST (RECURSIVEMATCH) \"\" *"), SyntaxError::unknown_option);
  EXPECT_EQ(refused("a LIST (REMOTE RECURSIVEMATCH) \"\" *"), SyntaxError::unknown_option);
  EXPECT_EQ(refused("a LIST (FOO) \"\" *"), SyntaxError::unknown_option);
  EXPECT_EQ(refused("a LIST \"\" * RETURN (FOO)"), SyntaxError::unknown_option);
  EXPECT_EQ(refused("a LIST \"\" ()"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a LIST \"\" * RETURN CHILDREN"), SyntaxError::bad_syntax);
  std::string many = "a LIST \"\" (a";
  for (int i = 1; i < 64; ++i) many += " a";
  EXPECT_EQ(parsed<List>(many + ")").patterns.size(), 64U);
  EXPECT_EQ(refused(many + " a)"), SyntaxError::too_many_tokens);
}

TEST(Command, Status) {
  auto status = parsed<Status>("A042 STATUS blurdybloop (UIDNEXT MESSAGES RECENT UIDVALIDITY)");
  EXPECT_EQ(status.mailbox.raw, "blurdybloop");
  EXPECT_TRUE(status.items.has(StatusItem::uid_next));
  EXPECT_TRUE(status.items.has(StatusItem::recent));
  EXPECT_FALSE(status.items.has(StatusItem::deleted));
  EXPECT_EQ(refused("a STATUS x ()"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a STATUS x (FOO)"), SyntaxError::unknown_option);
  EXPECT_EQ(refused("a STATUS x MESSAGES"), SyntaxError::bad_syntax);
}

TEST(Command, Append) {
  auto append = parsed<Append>(
      "A003 APPEND saved-messages (\\Seen $Forwarded) \" 7-Feb-1994 21:52:25 -0800\" {310}");
  EXPECT_EQ(append.mailbox.raw, "saved-messages");
  EXPECT_TRUE(append.flags.flags.has(Flag::seen));
  EXPECT_EQ(append.flags.keywords, std::vector<std::string>{"$forwarded"});
  ASSERT_TRUE(append.date);
  EXPECT_EQ(append.date->time.seconds, 760686745);
  EXPECT_EQ(append.date->zone_minutes, -480);
  EXPECT_EQ(append.message_bytes, 310U);
  EXPECT_EQ(append.sync, Sync::yes);
  EXPECT_FALSE(append.is_binary);
  append = parsed<Append>("a APPEND {5}\r\ninbox () ~{12+}");
  EXPECT_TRUE(append.mailbox.is_inbox());
  EXPECT_TRUE(append.is_binary);
  EXPECT_EQ(append.sync, Sync::no);
  EXPECT_EQ(parsed<Append>("a APPEND x {9223372036854775807}").message_bytes, k_number64_max);
  EXPECT_EQ(refused("a APPEND x {9223372036854775808}"), SyntaxError::bad_string);
  EXPECT_EQ(refused("a APPEND x"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a APPEND x (\\Seen)"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a APPEND x \"31-Feb-2020 00:00:00 +0000\" {1}"), SyntaxError::bad_date);
  EXPECT_EQ(refused("a APPEND x {1} x"), SyntaxError::trailing_text);
}

TEST(Command, Store) {
  auto store = parsed<Store>("A003 STORE 2:4 +FLAGS (\\Deleted)");
  EXPECT_EQ(store.change, FlagChange::add);
  EXPECT_FALSE(store.is_silent);
  EXPECT_TRUE(store.flags.flags.has(Flag::deleted));
  store = parsed<Store>("a UID STORE 1 -flags.silent \\Seen Junk junk");
  EXPECT_EQ(store.numbering, Numbering::uid);
  EXPECT_EQ(store.change, FlagChange::remove);
  EXPECT_TRUE(store.is_silent);
  EXPECT_EQ(store.flags.keywords, std::vector<std::string>{"junk"});
  EXPECT_EQ(parsed<Store>("a STORE 1 FLAGS ()").flags, FlagList{});
  EXPECT_EQ(refused("a STORE 1 FLAGS (\\Recent)"), SyntaxError::bad_flag);
  EXPECT_EQ(refused("a STORE 1 FLAGS (\\Frob)"), SyntaxError::bad_flag);
  EXPECT_EQ(refused("a STORE 1 FLAGS (\\*)"), SyntaxError::bad_syntax);
  EXPECT_EQ(refused("a STORE 1 FLAGS " + std::string(101, 'k')), SyntaxError::bad_flag);
  EXPECT_EQ(refused("a STORE 1 FLAG (x)"), SyntaxError::unknown_option);
  EXPECT_EQ(refused("a STORE 0 FLAGS (x)"), SyntaxError::bad_number);
}

TEST(Command, CopyMoveExpunge) {
  EXPECT_EQ(parsed<Copy>("A003 COPY 2:4 MEETING").mailbox.raw, "MEETING");
  EXPECT_EQ(parsed<Copy>("a UID COPY 1 inbox").numbering, Numbering::uid);
  EXPECT_EQ(parsed<Move>("a UID MOVE 42:69 foo").mailbox.raw, "foo");
  EXPECT_EQ(parsed<Move>("a MOVE $ foo").set.is_saved_result(), true);
  EXPECT_TRUE(parsed<UidExpunge>("A003 UID EXPUNGE 3000:3002").uids.resolve(9).contains(3001));
  EXPECT_EQ(refused("a EXPUNGE 1"), SyntaxError::trailing_text);
}

TEST(Command, Enable) {
  EXPECT_EQ(parsed<Enable>("t1 ENABLE CONDSTORE imap4rev2").capabilities,
            (std::vector<std::string>{"CONDSTORE", "IMAP4REV2"}));
  EXPECT_EQ(refused("a ENABLE"), SyntaxError::bad_syntax);
}

TEST(Command, NestedParentheses) {
  std::string deep(100000, '(');
  for (std::string start :
       {"a SEARCH ", "a FETCH 1 ", "a LIST ", "a LIST \"\" ", "a STORE 1 FLAGS ", "a STATUS x ",
        "a ID ", "a CREATE x ", "a APPEND x ", ""}) {
    EXPECT_FALSE(parse_command(start + deep, k_limits)) << start;
  }
  EXPECT_EQ(refused("a SEARCH " + deep), SyntaxError::too_deep);
  EXPECT_TRUE(
      parse_command("a SEARCH " + std::string(32, '(') + "ALL" + std::string(32, ')'), k_limits));
  EXPECT_EQ(refused("a SEARCH " + std::string(33, '(') + "ALL" + std::string(33, ')')),
            SyntaxError::too_deep);
}

TEST(Command, TokensAreCounted) {
  std::string flags = "x";
  for (int i = 0; i < 5000; ++i) flags += " x";
  EXPECT_EQ(refused("a STORE 1 FLAGS (" + flags + ")"), SyntaxError::too_many_tokens);
  EXPECT_EQ(refused("a ENABLE " + flags), SyntaxError::too_many_tokens);
}

TEST(Command, EveryPrefixIsRefusedOrParsed) {
  std::string whole =
      "a UID FETCH 1:*,7 (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (To \"x\" {2}\r\nCc)]<0.10>)";
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_FALSE(parse_command(whole.substr(0, n), k_limits)) << n;
  }
  EXPECT_TRUE(parse_command(whole, k_limits));
}

}  // namespace
}  // namespace peregrine::imap
