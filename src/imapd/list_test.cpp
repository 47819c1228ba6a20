#include "imapd/list.h"

#include <gtest/gtest.h>

#include "imapd/special_use.h"

namespace peregrine::imapd {
namespace {

void add(api::ListMailboxesResponse& all, const std::string& name, std::uint32_t attributes = 0) {
  api::MailboxInfo& info = *all.add_mailboxes();
  info.set_name(name);
  info.set_attributes(attributes);
}

std::vector<std::string> names(const std::vector<Listed>& listed) {
  std::vector<std::string> out;
  for (const Listed& each : listed) out.push_back(each.entry.name);
  return out;
}

using Names = std::vector<std::string>;

api::ListMailboxesResponse sample() {
  api::ListMailboxesResponse all;
  add(all, "INBOX", api::ATTRIBUTE_SUBSCRIBED);
  add(all, "a", api::ATTRIBUTE_HAS_CHILDREN);
  add(all, "a/b", api::ATTRIBUTE_SUBSCRIBED);
  add(all, "Entwürfe", api::ATTRIBUTE_DRAFTS);
  add(all, "gone", api::ATTRIBUTE_SUBSCRIBED | api::ATTRIBUTE_NON_EXISTENT);
  return all;
}

TEST(List, ShowsWhatIsThereInTheSpellingOfTheWire) {
  auto all = sample();
  EXPECT_EQ(names(list_mailboxes(all, {.patterns = {"*"}})),
            (Names{"INBOX", "a", "a/b", "Entw&APw-rfe"}));
  EXPECT_EQ(names(list_mailboxes(all, {.patterns = {"%"}})), (Names{"INBOX", "a", "Entw&APw-rfe"}));
  EXPECT_EQ(names(list_mailboxes(all, {.reference = "a/", .patterns = {"%"}})), Names{"a/b"});
  EXPECT_EQ(names(list_mailboxes(all, {.patterns = {"inbox", "gone"}})), Names{"INBOX"});
}

TEST(List, PatternsHaveTheFormThatNamesHave) {
  api::ListMailboxesResponse all;
  add(all, "\u00e9");
  add(all, "\u00e9\u00fc/x");
  add(all, "e");
  auto found = [&](const char* reference, const char* pattern) {
    return names(list_mailboxes(all, {.reference = reference, .patterns = {pattern}}));
  };
  // "e" and a combining acute accent.
  EXPECT_EQ(found("", "e&AwE-"), Names{"&AOk-"});
  EXPECT_EQ(found("", "&AOk-"), Names{"&AOk-"});
  // What stands before a wildcard matches inside a run of encoded characters, too.
  EXPECT_EQ(found("", "e&AwE-*"), (Names{"&AOk-", "&AOkA,A-/x"}));
  EXPECT_EQ(found("e&AwE-", "&APw-/%"), Names{"&AOkA,A-/x"});
  EXPECT_EQ(found("", "e"), Names{"e"});
  // Not modified UTF-7.
  EXPECT_EQ(found("", "&AOk"), Names{});
}

TEST(List, SelectsSubscribedAndSpecialUse) {
  auto all = sample();
  imap::List subscribed{.selection = {.subscribed = true}, .patterns = {"*"}};
  EXPECT_EQ(names(list_mailboxes(all, subscribed)), (Names{"INBOX", "a/b", "gone"}));
  imap::List special{.selection = {.special_use = true}, .patterns = {"*"}};
  auto listed = list_mailboxes(all, special);
  ASSERT_EQ(names(listed), Names{"Entw&APw-rfe"});
  EXPECT_EQ(listed[0].entry.special_use, imap::SpecialUse::drafts);
}

TEST(List, RecursiveMatchShowsWhatIsAboveASubscription) {
  auto all = sample();
  imap::List command{.selection = {.subscribed = true, .recursive_match = true}, .patterns = {"%"}};
  auto listed = list_mailboxes(all, command);
  ASSERT_EQ(names(listed), (Names{"INBOX", "a", "gone"}));
  EXPECT_TRUE(listed[1].entry.child_subscribed);
  EXPECT_FALSE(listed[1].entry.attributes.has(imap::MailboxAttribute::subscribed));
  EXPECT_TRUE(listed[2].entry.attributes.has(imap::MailboxAttribute::non_existent));
}

TEST(Lsub, ShowsTheNameAboveForAPercentSign) {
  auto all = sample();
  EXPECT_EQ(names(list_subscribed(all, {.pattern = "*"})), (Names{"INBOX", "a/b", "gone"}));
  auto listed = list_subscribed(all, {.pattern = "%"});
  ASSERT_EQ(names(listed), (Names{"INBOX", "gone", "a"}));
  EXPECT_TRUE(listed[2].entry.attributes.has(imap::MailboxAttribute::no_select));
}

TEST(SpecialUse, OneUseThatAMailboxCanHave) {
  EXPECT_EQ(attribute_of({}), 0U);
  EXPECT_EQ(attribute_of({imap::SpecialUse::sent}), std::uint32_t{api::ATTRIBUTE_SENT});
  EXPECT_EQ(attribute_of({imap::SpecialUse::all}), std::nullopt);
  EXPECT_EQ(attribute_of({imap::SpecialUse::sent, imap::SpecialUse::trash}), std::nullopt);
}

}  // namespace
}  // namespace peregrine::imapd
