#include "proto/imap/sequence_set.h"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <string>

#include "proto/imap/grammar.h"
#include "proto/imap/writer.h"

namespace peregrine::imap {
namespace {

constexpr std::uint32_t k_top = 0xffff'ffff;

Parsed<SequenceSet> parse(std::string_view text) {
  static const Limits k_limits;
  Input in(text, k_limits);
  TRY(auto set, parse_sequence_set(in));
  if (!in.cursor.at_end()) return std::unexpected(SyntaxError::trailing_text);
  return set;
}

std::string resolved(std::string_view text, std::uint32_t largest) {
  auto set = parse(text);
  if (!set) return "error";
  std::string out;
  write_number_set(out, set->resolve(largest));
  return out;
}

TEST(SequenceSet, ExamplesOfTheRfc) {
  // RFC 9051 section 9: the examples at sequence-set and seq-range.
  EXPECT_EQ(resolved("2:4", 9), "2:4");
  EXPECT_EQ(resolved("4:2", 9), "2:4");
  EXPECT_EQ(resolved("2,4:7,9,12:*", 15), "2,4:7,9,12:15");
  EXPECT_EQ(resolved("*:4,5:7", 10), "4:10");
  EXPECT_EQ(resolved("3291:*", 100), "100:3291");
}

TEST(SequenceSet, Normalises) {
  EXPECT_EQ(resolved("1,2,3,5", 9), "1:3,5");
  EXPECT_EQ(resolved("5,1,3,2,1", 9), "1:3,5");
  EXPECT_EQ(resolved("1:10,3:4,8:12", 20), "1:12");
  EXPECT_EQ(resolved("4294967295,4294967294,1", 9), "1,4294967294:4294967295");
  EXPECT_EQ(resolved("1:4294967295,7", 9), "1:4294967295");
}

TEST(SequenceSet, Star) {
  EXPECT_EQ(resolved("*", 7), "7");
  EXPECT_EQ(resolved("*:*", 7), "7");
  EXPECT_EQ(resolved("*", 0), "");
  EXPECT_EQ(resolved("5:*", 0), "");
  EXPECT_EQ(resolved("3:*,5:*", 10), "3:10");
  EXPECT_EQ(resolved("3:*,8:*", 5), "3:8");
  EXPECT_EQ(resolved("12:*,20:*", 10), "10:20");
  EXPECT_EQ(resolved("1,*", k_top), "1,4294967295");
  EXPECT_TRUE(parse("1:*")->has_star());
  EXPECT_FALSE(parse("1:2")->has_star());
}

TEST(SequenceSet, SavedResult) {
  EXPECT_TRUE(parse("$")->is_saved_result());
  EXPECT_FALSE(parse("$,1"));
}

TEST(SequenceSet, NumbersTable) {
  for (auto text : {"1", "4294967294", "4294967295"}) EXPECT_TRUE(parse(text)) << text;
  for (auto text : {"0",
                    "01",
                    "4294967296",
                    "2147483648000",
                    "9223372036854775808",
                    "18446744073709551616",
                    "10000000000000000000000000000000000000000",
                    "-1",
                    "",
                    "1:",
                    ":1",
                    "1,",
                    ",1",
                    "1::2",
                    "1:2:3",
                    "1;2",
                    "a",
                    "1 ",
                    "**",
                    "*1"}) {
    EXPECT_FALSE(parse(text)) << text;
  }
}

TEST(SequenceSet, ManyRangesAreBoundedByTheirText) {
  std::string text;
  for (int i = 20000; i > 0; --i) text += std::to_string(2 * i) + ",";
  text += "1";
  auto set = parse(text);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->resolve(0).count(), 20001U);
}

TEST(NumberSet, AgreesWithASetOfNumbers) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    NumberSet set;
    std::set<std::uint32_t> model;
    for (int i = 0; i < 30; ++i) {
      auto first = static_cast<std::uint32_t>(random() % 100 + 1);
      auto last = static_cast<std::uint32_t>(first + random() % 5);
      set.add(NumberRange{last, first});
      for (auto n = first; n <= last; ++n) model.insert(n);
    }
    EXPECT_EQ(set.count(), model.size());
    EXPECT_EQ(set.smallest(), *model.begin());
    EXPECT_EQ(set.largest(), *model.rbegin());
    std::uint64_t inside = 0;
    for (std::uint32_t n = 0; n < 120; ++n) {
      EXPECT_EQ(set.contains(n), model.contains(n));
      if (n >= 20 && n <= 60 && model.contains(n)) ++inside;
    }
    EXPECT_EQ(set.clipped({20, 60}).count(), inside);
    for (std::size_t i = 1; i < set.ranges().size(); ++i) {
      EXPECT_GT(set.ranges()[i].first, set.ranges()[i - 1].last + 1);
    }
  }
}

TEST(NumberSet, CountsAllNumbers) {
  NumberSet set({{1, k_top}, {0, 0}});
  EXPECT_EQ(set.count(), std::uint64_t{1} << 32);
  EXPECT_TRUE(set.contains(k_top));
  EXPECT_EQ(set.clipped({5, 9}).count(), 5U);
}

}  // namespace
}  // namespace peregrine::imap
