#include "mail/mail_fixture.h"

namespace peregrine::mail {
namespace {

class SearchTest : public MailTest {
 protected:
  std::vector<MessageId> candidates(MailboxId box) {
    std::vector<MessageId> out;
    auto view = account().view(box);
    EXPECT_TRUE(view);
    for (const Row& row : (*view)->rows()) out.push_back(row.message());
    return out;
  }
  std::vector<MessageId> find(const SearchCondition& condition) {
    auto found = search(*memory.store, alice, candidates(inbox()), {condition});
    EXPECT_TRUE(found);
    return found ? found->front() : std::vector<MessageId>{};
  }
  std::size_t count(std::string needle, SearchField field = SearchField::text) {
    return find({field, "", std::move(needle)}).size();
  }
  /// Runs index steps until there is nothing to do; answers how many.
  int index() {
    int steps = 0;
    while (true) {
      auto plan = plan_index(*memory.store, alice);
      EXPECT_TRUE(plan);
      if (!plan || !*plan) return steps;
      auto committed = accounts->commit_index(**std::move(plan));
      EXPECT_TRUE(committed && *committed);
      ++steps;
    }
  }
};

TEST(SearchText, FieldsAreKeptApart) {
  constexpr std::string_view k_text = "subject: red fox\nfrom: blue\nx-long: green\n\nbody brown";
  auto meets = [&](SearchField field, std::string name, std::string needle) {
    return matches(k_text, {field, std::move(name), std::move(needle)});
  };
  EXPECT_TRUE(meets(SearchField::header, "subject", "fox"));
  EXPECT_FALSE(meets(SearchField::header, "subject", "blue"));
  EXPECT_TRUE(meets(SearchField::header, "from", ""));
  EXPECT_FALSE(meets(SearchField::header, "to", ""));
  EXPECT_FALSE(meets(SearchField::header, "long", "green"));
  EXPECT_FALSE(meets(SearchField::header, "subject", "ject"));
  EXPECT_TRUE(meets(SearchField::body, "", "brown"));
  EXPECT_FALSE(meets(SearchField::body, "", "fox"));
  EXPECT_TRUE(meets(SearchField::text, "", "fox"));
  EXPECT_TRUE(meets(SearchField::text, "", "brown"));
  EXPECT_TRUE(meets(SearchField::text, "", ""));
  Bytes joined = join_search_text("a: b\n", "one\n\ntwo: x\n");
  EXPECT_TRUE(matches(joined, {SearchField::header, "a", "b"}));
  EXPECT_FALSE(matches(joined, {SearchField::header, "two", "x"}));
  EXPECT_TRUE(matches(joined, {SearchField::body, "", "two: x"}));
  EXPECT_TRUE(matches("\nbody: x", {SearchField::body, "", "body: x"}));
  EXPECT_FALSE(matches("\nbody: x", {SearchField::header, "body", "x"}));
  EXPECT_FALSE(matches("", {SearchField::header, "body", ""}));
  EXPECT_TRUE(matches("", {SearchField::body, "", ""}));
  EXPECT_TRUE(matches("a: only header", {SearchField::header, "a", "only"}));
}

TEST_F(SearchTest, FindsWithAndWithoutTheIndex) {
  constexpr int k_messages = 2500;
  for (int i = 0; i < k_messages; ++i) {
    append(alice, "INBOX",
           message("number " + std::to_string(i), i % 100 == 7 ? "a rare word" : "common words"));
  }
  auto expect_all = [&] {
    EXPECT_EQ(count("rare"), 25U);
    EXPECT_EQ(count("common words", SearchField::body), 2475U);
    EXPECT_EQ(count("number 1234"), 1U);
    EXPECT_EQ(count("nowhere"), 0U);
    EXPECT_EQ(count("ra"), 25U);
    EXPECT_EQ(find({SearchField::header, "subject", "2499"}).size(), 1U);
    EXPECT_EQ(find({SearchField::header, "subject", ""}).size(), std::size_t{k_messages});
  };
  expect_all();
  EXPECT_EQ(index(), 2);
  expect_all();
  expect_sound();

  auto blocks = read_blocks(*memory.store, alice);
  ASSERT_EQ(blocks->size(), 2U);
  BlockBits bits =
      block_candidates(*memory.store, alice, blocks->front().id, needle_rows("number 1000"));
  int possible = 0;
  for (std::uint64_t word : bits) possible += std::popcount(word);
  EXPECT_LT(possible, 100);

  // A damaged row rules nothing out.
  for (std::uint32_t row : needle_rows("rare")) {
    memory.hooks->flip_bit(partition_of(alice), rows_key(blocks->front().id, row / k_group_rows));
  }
  EXPECT_EQ(count("rare"), 25U);
}

TEST_F(SearchTest, SparseBlocksAreMerged) {
  for (int i = 0; i < 5000; ++i) append("INBOX", "text " + std::to_string(i));
  EXPECT_EQ(index(), 4);
  std::vector<Uid> gone;
  for (std::uint32_t uid = 1; uid <= 5000; ++uid) {
    if (uid % 10 != 0) gone.emplace_back(uid);
  }
  ASSERT_TRUE(account().remove(inbox(), gone, UnixTime{1}));
  EXPECT_EQ(index(), 1);
  EXPECT_EQ(read_blocks(*memory.store, alice)->size(), 1U);
  expect_sound();
  EXPECT_EQ(count("text 9"), 12U);
  EXPECT_EQ(count("text 4999"), 1U);
  ASSERT_TRUE(account().remove(inbox(), uids(inbox()), UnixTime{1}));
  EXPECT_EQ(count("text"), 0U);
  expect_sound();
}

TEST_F(SearchTest, AnOutdatedPlanIsDropped) {
  for (int i = 0; i < 1100; ++i) append("INBOX", "text");
  auto plan = plan_index(*memory.store, alice);
  ASSERT_TRUE(plan && *plan);
  EXPECT_EQ(index(), 1);
  auto committed = accounts->commit_index(**std::move(plan));
  ASSERT_TRUE(committed);
  EXPECT_FALSE(*committed);
  expect_sound();
}

TEST_F(SearchTest, AnswersEachConditionAndStops) {
  append(alice, "INBOX", message("red", "one"));
  append(alice, "INBOX", message("blue", "one two"));
  auto ids = candidates(inbox());
  ids.emplace_back(77);  // removed meanwhile
  auto found = search(*memory.store, alice, ids,
                      {{SearchField::body, "", "one"}, {SearchField::header, "subject", "blue"}});
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0].size(), 2U);
  EXPECT_EQ((*found)[1], std::vector{ids[1]});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(search(*memory.store, alice, ids, {{}}, stop.get_token()));
}

TEST_F(SearchTest, LongTextsStayPossibleMatches) {
  for (int i = 0; i < 1023; ++i) append("INBOX", "short");
  std::string text(100'000, 'x');
  append("INBOX", text + "needle" + text);
  EXPECT_EQ(index(), 1);
  EXPECT_EQ(count("needle"), 1U);
}

}  // namespace
}  // namespace peregrine::mail
