#include <algorithm>
#include <gtest/gtest.h>

#include "api/mailbox.pb.h"
#include "imapd/extensions.h"
#include "imapd/fetch_plan.h"
#include "imapd/message_lines.h"
#include "imapd/search_plan.h"
#include "proto/imap/parse_command.h"

namespace peregrine::imapd {
namespace {

template <class Body>
Body parse(std::string_view text) {
  auto command = imap::parse_command(text, {});
  EXPECT_TRUE(command) << text;
  return std::get<Body>(std::move(command->body));
}

FetchPlan plan(std::string_view items) {
  auto fetch = parse<imap::Fetch>("a FETCH 1 " + std::string(items));
  auto made = plan_fetch(fetch.items);
  EXPECT_TRUE(made) << items;
  return std::move(*made);
}

TEST(FetchPlan, AsksForNoMoreThanIsNamed) {
  EXPECT_EQ(plan("(UID FLAGS)").parts, 0U);
  EXPECT_EQ(plan("(UID RFC822.SIZE)").parts, std::uint32_t{api::FETCH_DATES});
  EXPECT_EQ(plan("ENVELOPE").parts, std::uint32_t{api::FETCH_SUMMARY | api::FETCH_DATES});
  EXPECT_EQ(plan("BODY.PEEK[HEADER.FIELDS (To)]").parts, std::uint32_t{api::FETCH_HEADER});
  EXPECT_EQ(plan("BODY[1.2]").parts, std::uint32_t{api::FETCH_SUMMARY | api::FETCH_DATES});
}

TEST(FetchPlan, StreamsTheWholeMessageOnce) {
  FetchPlan whole = plan("(BODY[HEADER] BODY[])");
  EXPECT_EQ(whole.sources, (std::vector{BodySource::header, BodySource::stream}));
  FetchPlan part = plan("BODY[]<10.20>");
  EXPECT_EQ(part.raw_offset, 10U);
  EXPECT_EQ(part.raw_length, 20U);
  EXPECT_NE(part.parts & api::FETCH_RAW, 0U);
  EXPECT_EQ(plan("RFC822.TEXT").sources, std::vector{BodySource::stream});
  EXPECT_EQ(plan("BODY[TEXT]<0.9>").sources, std::vector{BodySource::section});
  FetchPlan both = plan("(BODY[] BODY[TEXT])");
  EXPECT_EQ(both.sources, (std::vector{BodySource::section, BodySource::section}));
  EXPECT_EQ(both.parts & api::FETCH_RAW, 0U);
}

TEST(FetchPlan, BinaryIsNotOffered) {
  auto fetch = parse<imap::Fetch>("a FETCH 1 BINARY[1]");
  EXPECT_FALSE(plan_fetch(fetch.items));
}

TEST(FetchPlan, NoNulInALiteral) {
  std::string out = "x";
  append_literal_bytes(out, std::string_view("a\0b", 3));
  EXPECT_EQ(out, "xa?b");
}

class SearchPlan : public testing::Test {
 protected:
  SearchPlan() {
    box_.keywords = {"$work"};
    box_.view.append({.uid = Uid(10), .flags = FlagSet().add(Flag::seen)});
    box_.view.append({.uid = Uid(20), .keywords = 1});
    box_.view.append({.uid = Uid(30), .flags = FlagSet().add(Flag::flagged)});
  }

  std::vector<SearchTerm> terms(const std::string& keys) {
    auto search = parse<imap::Search>("a SEARCH " + keys);
    auto made = plan_search(search.keys, search.charset, box_.view);
    EXPECT_TRUE(made) << keys;
    return std::move(*made);
  }

  // The sequence numbers found; every text query finds `found`.
  std::vector<std::uint32_t> search(const std::string& keys, SearchFacts facts = {},
                                    const std::vector<std::uint32_t>& found = {}) {
    auto all = terms(keys);
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t place = 0; place < box_.view.size(); ++place) {
      bool holds = true;
      for (const SearchTerm& term : all) {
        std::vector<std::vector<std::uint32_t>> results(term.queries.size(), found);
        holds = holds && matches(term, {box_, place, facts, results});
      }
      if (holds) numbers.push_back(place + 1);
    }
    return numbers;
  }

  using Numbers = std::vector<std::uint32_t>;
  Selected box_;
};

TEST_F(SearchPlan, AnswersFlagsNumbersAndUidsFromTheView) {
  EXPECT_EQ(search("UNSEEN"), (Numbers{2, 3}));
  EXPECT_EQ(search("OR SEEN FLAGGED"), (Numbers{1, 3}));
  EXPECT_EQ(search("NOT (OR SEEN FLAGGED)"), Numbers{2});
  EXPECT_EQ(search("KEYWORD $Work"), Numbers{2});
  EXPECT_EQ(search("UNKEYWORD $none"), (Numbers{1, 2, 3}));
  EXPECT_EQ(search("2:* UID 30"), Numbers{3});
  EXPECT_EQ(search("UID 4000000000:*"), Numbers{3});
  EXPECT_EQ(search("RECENT"), Numbers{});
  EXPECT_EQ(search("OR RECENT OLD"), (Numbers{1, 2, 3}));
}

TEST_F(SearchPlan, ComparesSizesStrictlyAndDatesByTheDay) {
  EXPECT_EQ(search("LARGER 5", {.size = 5}), Numbers{});
  EXPECT_EQ(search("SMALLER 6 1", {.size = 5}), Numbers{1});
  EXPECT_EQ(search("1 SINCE 2-Jan-1970", {.internal_day = 1}), Numbers{1});
  EXPECT_EQ(search("1 BEFORE 2-Jan-1970", {.internal_day = 1}), Numbers{});
  EXPECT_EQ(search("1 SENTON 3-Jan-1970", {.sent_day = 2}), Numbers{1});
}

TEST_F(SearchPlan, PutsTheCheapTermsFirst) {
  auto all = terms("BODY x SENTSINCE 1-Jan-2020 LARGER 3 SEEN (OR SEEN TEXT y)");
  std::vector<SearchCost> costs;
  for (const SearchTerm& term : all) costs.push_back(term.cost);
  EXPECT_EQ(costs, (std::vector{SearchCost::view, SearchCost::dates, SearchCost::summary,
                                SearchCost::text, SearchCost::text}));
  EXPECT_TRUE(all[2].needs_summary);
  EXPECT_EQ(all[4].queries.size(), 1U);
}

TEST_F(SearchPlan, AsksForFoldedWords) {
  auto query = [this](const std::string& keys) { return terms(keys).front().queries.front(); };
  EXPECT_EQ(query("SUBJECT \"Two  WORDS\"").needle, "two words");
  EXPECT_EQ(query("SUBJECT x").header, "subject");
  EXPECT_EQ(query("HEADER X-Mark \"\"").header, "x-mark");
  EXPECT_EQ(query("BODY x").field, std::uint32_t{api::SEARCH_BODY});
  EXPECT_EQ(search("NOT BODY x", {}, {20}), (Numbers{1, 3}));
  EXPECT_EQ(search("OR BODY x 1", {}, {20}), (Numbers{1, 2}));
}

TEST_F(SearchPlan, RefusesWhatItCannotDo) {
  auto unknown = parse<imap::Search>("a SEARCH CHARSET X-NONE BODY x");
  auto made = plan_search(unknown.keys, unknown.charset, box_.view);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), SearchPlanError::unknown_charset);
  for (std::string_view known : k_search_charsets) {
    auto search = parse<imap::Search>("a SEARCH CHARSET " + std::string(known) + " BODY x");
    EXPECT_TRUE(plan_search(search.keys, search.charset, box_.view)) << known;
  }
  std::string keys = "a SEARCH";
  for (std::size_t i = 0; i <= k_max_text_keys; ++i) keys += " BODY x";
  auto many = parse<imap::Search>(keys);
  made = plan_search(many.keys, many.charset, box_.view);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), SearchPlanError::too_many_text_keys);
}

std::string with_line_ends(std::vector<std::string_view> pieces) {
  LineEnds lines;
  std::string out;
  for (std::string_view piece : pieces) EXPECT_TRUE(lines.feed(piece, out));
  lines.finish(out);
  return out;
}

TEST(LineEnds, LoneOnesBecomeCrlf) {
  EXPECT_EQ(with_line_ends({"a\r\nb\nc\rd"}), "a\r\nb\r\nc\r\nd");
  EXPECT_EQ(with_line_ends({"a\r", "\nb\r", "c\r"}), "a\r\nb\r\nc\r\n");
  EXPECT_EQ(with_line_ends({"\r\r\n\n"}), "\r\n\r\n\r\n");
}

TEST(LineEnds, NulIsRefused) {
  LineEnds lines;
  std::string out;
  EXPECT_FALSE(lines.feed(std::string_view("a\0", 2), out));
}

TEST(Extensions, DisabledOnesAreNeitherAnnouncedNorAccepted) {
  config::Settings settings;
  settings.imap.disabled_extensions = {"MOVE", "LITERAL+"};
  auto names = capabilities(settings);
  EXPECT_EQ(std::ranges::count(names, "MOVE"), 0);
  EXPECT_EQ(std::ranges::count(names, "IDLE"), 1);
  EXPECT_FALSE(has_extension(settings, extension_of(imap::Move{})));
  EXPECT_TRUE(extension_of(imap::Copy{}).empty());
  EXPECT_EQ(limits_of(settings).non_sync, imap::NonSync::refused);
}

}  // namespace
}  // namespace peregrine::imapd
