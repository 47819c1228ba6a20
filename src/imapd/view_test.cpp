#include "imapd/view.h"

#include <gtest/gtest.h>

#include "imapd/flag_update.h"

namespace peregrine::imapd {
namespace {

using Numbers = std::vector<std::uint32_t>;

MailboxView view_of(const Numbers& uids) {
  MailboxView view;
  for (std::uint32_t uid : uids) view.append({.uid = Uid(uid)});
  return view;
}

imap::SequenceSet set_of(std::vector<imap::NumberRange> ranges) {
  imap::SequenceSet set;
  for (imap::NumberRange range : ranges) set.add(range);
  set.finish();
  return set;
}

TEST(MailboxView, FindsMessagesByUid) {
  MailboxView view = view_of({3, 5, 9});
  EXPECT_EQ(view.find(Uid(5)), 1U);
  EXPECT_EQ(view.find(Uid(4)), std::nullopt);
  EXPECT_EQ(view.find(Uid(10)), std::nullopt);
  EXPECT_EQ(view.last_uid(), Uid(9));
  EXPECT_EQ(MailboxView().last_uid(), Uid(0));
}

TEST(MailboxView, TellsRemovalsByTheNumberOfThatMoment) {
  MailboxView view = view_of({1, 2, 3, 4, 5});
  EXPECT_EQ(view.remove(Numbers{1, 3, 4, 77}), (Numbers{1, 2, 2}));
  EXPECT_EQ(view.size(), 2U);
  EXPECT_EQ(view.uid(0), Uid(2));
  EXPECT_EQ(view.uid(1), Uid(5));
}

TEST(MailboxView, KeepsKeywordsWithTheirMessages) {
  MailboxView view = view_of({1, 2});
  view.append({.uid = Uid(3), .keywords = 4});
  view.append({.uid = Uid(4)});
  EXPECT_EQ(view.keywords(0), 0U);
  EXPECT_EQ(view.keywords(2), 4U);
  view.remove(Numbers{1});
  EXPECT_EQ(view.keywords(1), 4U);
  EXPECT_EQ(view.keywords(2), 0U);
  EXPECT_TRUE(view.set(0, {}, 1));
  EXPECT_FALSE(view.set(0, {}, 1));
}

TEST(MailboxView, ResolvesNumbersAndUids) {
  MailboxView view = view_of({10, 20, 30});
  EXPECT_EQ(view.places(set_of({{1, 2}}), imap::Numbering::sequence), (Numbers{0, 1}));
  EXPECT_EQ(view.places(set_of({{15, 4'000'000'000}}), imap::Numbering::uid), (Numbers{1, 2}));
  EXPECT_EQ(view.places(set_of({{11, 12}}), imap::Numbering::uid), Numbers{});
  EXPECT_EQ(view.places(set_of({{3, 4}}), imap::Numbering::sequence), std::nullopt);
}

TEST(MailboxView, AllOfAnEmptyMailboxIsNothing) {
  imap::SequenceSet set;
  set.add_to_star(1);
  set.finish();
  EXPECT_EQ(MailboxView().places(set, imap::Numbering::sequence), Numbers{});
  EXPECT_EQ(MailboxView().places(set_of({{1, 1}}), imap::Numbering::sequence), std::nullopt);
}

TEST(MailboxView, NamesKeywordsByTheirBits) {
  std::vector<std::string> table = {"$a", "$b", "$c"};
  EXPECT_EQ(keyword_names(0b101, table), (std::vector<std::string>{"$a", "$c"}));
  EXPECT_EQ(keyword_names(~std::uint64_t{0}, table), table);
}

TEST(FlagUpdate, ChangesAsStoreSays) {
  EXPECT_EQ(changed_bits(0b0110, FlagChange::replace, 0b0001), 0b0001U);
  EXPECT_EQ(changed_bits(0b0110, FlagChange::add, 0b0001), 0b0111U);
  EXPECT_EQ(changed_bits(0b0110, FlagChange::remove, 0b0011), 0b0100U);
  EXPECT_EQ(changed_flags(FlagSet{3}, FlagChange::remove, FlagSet{1}), FlagSet{2});
}

}  // namespace
}  // namespace peregrine::imapd
