#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "proto/imap/parse_command.h"

namespace peregrine::imap {
namespace {

const Limits k_limits;

std::expected<Search, SyntaxError> parse(std::string_view program,
                                         const Limits& limits = k_limits) {
  auto command = parse_command("a SEARCH " + std::string(program), limits);
  if (!command) return std::unexpected(command.error().kind);
  return std::get<Search>(std::move(command->body));
}

// The tree as nested lists of key numbers, which shows order and nesting.
std::string shape(std::string_view program) {
  auto search = parse(program);
  if (!search) return "error " + std::string(log_text(search.error()));
  const auto& nodes = search->keys.nodes;
  std::string out;
  std::vector<std::uint32_t> ends;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    while (!ends.empty() && ends.back() == i) {
      out += ")";
      ends.pop_back();
    }
    EXPECT_GT(nodes[i].end, i);
    switch (nodes[i].key) {
      case SearchKey::all_of:
        out += "&(";
        break;
      case SearchKey::any_of:
        out += "|(";
        break;
      case SearchKey::none_of:
        out += "!(";
        break;
      default:
        out += static_cast<char>('a' + static_cast<int>(nodes[i].key) - 3);
        break;
    }
    if (is_operator(nodes[i].key)) ends.push_back(nodes[i].end);
  }
  for (auto end : ends) EXPECT_EQ(end, nodes.size());
  return out + std::string(ends.size(), ')');
}

template <class T>
T argument(std::string_view program) {
  auto search = parse(program);
  if (!search || !std::holds_alternative<T>(search->keys.nodes[0].argument)) {
    ADD_FAILURE() << program;
    return T{};
  }
  return std::get<T>(search->keys.nodes[0].argument);
}

TEST(Search, KeysWithoutArguments) {
  for (std::string key : {"ALL", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "NEW", "OLD", "RECENT",
                          "SEEN", "UNANSWERED", "UNDELETED", "UNDRAFT", "UNFLAGGED", "UNSEEN"}) {
    auto search = parse(key);
    ASSERT_TRUE(search) << key;
    EXPECT_EQ(search->keys.nodes.size(), 1U);
    EXPECT_TRUE(parse(ascii_lower(key)));
    EXPECT_FALSE(parse(key + "X"));
    EXPECT_FALSE(parse(key + " x"));
    EXPECT_FALSE(parse(key + " "));
  }
}

TEST(Search, KeysWithStrings) {
  for (std::string key : {"BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO"}) {
    EXPECT_EQ(argument<std::string>(key + " \"a b\""), "a b");
    EXPECT_EQ(argument<std::string>(key + " {3}\r\n\xc3\xa9x"), "\xc3\xa9x");
    EXPECT_FALSE(parse(key));
    EXPECT_FALSE(parse(key + " "));
    EXPECT_FALSE(parse(key + "x"));
  }
  EXPECT_EQ(argument<std::string>("KEYWORD $Junk"), "$junk");
  EXPECT_EQ(argument<std::string>("UNKEYWORD x"), "x");
  EXPECT_FALSE(parse("KEYWORD \\Seen"));
  EXPECT_EQ(argument<HeaderArgument>("HEADER Message-ID <a@b>"),
            (HeaderArgument{"Message-ID", "<a@b>"}));
  EXPECT_EQ(argument<HeaderArgument>("HEADER \"X\" \"\""), (HeaderArgument{"X", ""}));
}

TEST(Search, KeysWithDates) {
  for (std::string key : {"BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"}) {
    EXPECT_EQ(argument<CalendarDay>(key + " 1-Feb-1994").days_since_1970, 8797);
    EXPECT_EQ(argument<CalendarDay>(key + " \"01-feb-1994\"").days_since_1970, 8797);
    for (auto date : {"30-Feb-1994", "0-Feb-1994", "1-Foo-1994", "1-Feb-94", "001-Feb-1994",
                      "1 Feb 1994", "\"1-Feb-1994", "1-Feb-1994\"", "", "1-Feb-19940"}) {
      EXPECT_FALSE(parse(key + " " + date)) << date;
    }
  }
}

TEST(Search, KeysWithNumbers) {
  for (std::string key : {"LARGER", "SMALLER"}) {
    EXPECT_EQ(argument<std::uint64_t>(key + " 0"), 0U);
    EXPECT_EQ(argument<std::uint64_t>(key + " 1"), 1U);
    EXPECT_EQ(argument<std::uint64_t>(key + " 2147483648"), 2147483648U);
    EXPECT_EQ(argument<std::uint64_t>(key + " 4294967296"), 4294967296U);
    EXPECT_EQ(argument<std::uint64_t>(key + " 9223372036854775806"), 9223372036854775806U);
    EXPECT_EQ(argument<std::uint64_t>(key + " 9223372036854775807"), 9223372036854775807U);
    for (std::string n :
         {"9223372036854775808", "18446744073709551615", "18446744073709551616", "-1", "", "x"}) {
      EXPECT_FALSE(parse(key + " " + n)) << n;
    }
    EXPECT_FALSE(parse(key + " 1" + std::string(40, '0')));
  }
}

TEST(Search, Sets) {
  EXPECT_TRUE(argument<SequenceSet>("2,4:7").resolve(0).contains(5));
  EXPECT_TRUE(argument<SequenceSet>("UID 443:557").resolve(0).contains(500));
  EXPECT_TRUE(argument<SequenceSet>("*").has_star());
  EXPECT_TRUE(argument<SequenceSet>("$").is_saved_result());
  EXPECT_FALSE(parse("0"));
  EXPECT_FALSE(parse("UID"));
}

TEST(Search, Nesting) {
  // d: deleted, i: answered is b, s: seen. The letters follow the order of SearchKey.
  EXPECT_EQ(shape("ALL SEEN"), shape("ALL") + shape("SEEN"));
  EXPECT_EQ(shape("NOT SEEN"), "!(" + shape("SEEN") + ")");
  EXPECT_EQ(shape("OR ALL SEEN ANSWERED"), "|(" + shape("ALL SEEN") + ")" + shape("ANSWERED"));
  EXPECT_EQ(shape("(ALL)"), "&(" + shape("ALL") + ")");
  EXPECT_EQ(shape("NOT (ALL SEEN) ALL"), "!(&(" + shape("ALL SEEN") + "))" + shape("ALL"));
  EXPECT_EQ(shape("OR (ALL SEEN) NOT OR ALL SEEN OLD"),
            "|(&(" + shape("ALL SEEN") + ")!(|(" + shape("ALL SEEN") + ")))" + shape("OLD"));
  for (auto bad : {"",          "(",        ")",      "()",         "(ALL",
                   "ALL)",      "NOT",      "NOT ",   "OR",         "OR ALL",
                   "OR ALL ",   "(ALL )",   "( ALL)", "OR ALL)",    "(OR ALL) ALL",
                   "(NOT) ALL", "ALL  ALL", "((ALL)", "(ALL)(ALL)", "NOTALL"}) {
    EXPECT_FALSE(parse(bad)) << bad;
  }
}

TEST(Search, LongChainsNeedNoDepth) {
  std::string program;
  for (int i = 0; i < 4000; ++i) program += "OR ALL ";
  EXPECT_TRUE(parse(program + "ALL"));
  program.clear();
  for (int i = 0; i < 8191; ++i) program += "NOT ";
  auto search = parse(program + "ALL");
  ASSERT_TRUE(search);
  EXPECT_FALSE(search->keys.matches([](const SearchNode&) { return true; }));
  EXPECT_EQ(parse("NOT " + program + "ALL").error(), SyntaxError::too_many_tokens);
}

TEST(Search, ReturnAndCharset) {
  EXPECT_FALSE(parse("ALL")->returns);
  EXPECT_FALSE(parse("ALL")->charset);
  auto search =
      parse("RETURN (MIN COUNT) CHARSET utf-8 FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"");
  ASSERT_TRUE(search);
  EXPECT_TRUE(search->returns->has(SearchReturn::min));
  EXPECT_TRUE(search->returns->has(SearchReturn::count));
  EXPECT_FALSE(search->returns->has(SearchReturn::all));
  EXPECT_EQ(search->charset, "UTF-8");
  EXPECT_EQ(search->keys.nodes.size(), 4U);
  EXPECT_TRUE(parse("RETURN () ALL")->returns->has(SearchReturn::all));
  EXPECT_TRUE(parse("return (save) ALL")->returns->has(SearchReturn::save));
  EXPECT_EQ(parse("RETURN (FOO) ALL").error(), SyntaxError::unknown_option);
  EXPECT_FALSE(parse("RETURN (MIN)"));
  EXPECT_FALSE(parse("CHARSET UTF-8"));
}

// The tree's own evaluation against a plain recursion over the same text.
TEST(Search, MatchesAgreesWithRecursion) {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    // Leaves are LARGER n; n is true when it is odd.
    std::function<bool(int)> make = [&](int depth) -> bool {
      switch (depth > 4 ? 0 : random() % 4) {
        case 1: {
          text += "NOT ";
          return !make(depth + 1);
        }
        case 2: {
          text += "OR ";
          bool left = make(depth + 1);
          text += " ";
          bool right = make(depth + 1);
          return left || right;
        }
        case 3: {
          text += "(";
          bool all = true;
          for (auto n = random() % 3 + 1; n > 0; --n) {
            all = make(depth + 1) && all;
            text += n > 1 ? " " : ")";
          }
          return all;
        }
        default: {
          auto n = random() % 2;
          text += "LARGER " + std::to_string(n);
          return n == 1;
        }
      }
    };
    bool first = make(0);
    text += " ";
    bool second = make(0);
    auto search = parse(text);
    ASSERT_TRUE(search) << text;
    auto leaf = [](const SearchNode& node) { return std::get<std::uint64_t>(node.argument) == 1; };
    EXPECT_EQ(search->keys.matches(leaf), first && second) << text;
  }
}

}  // namespace
}  // namespace peregrine::imap
