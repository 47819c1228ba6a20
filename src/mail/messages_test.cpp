#include "mail/mail_fixture.h"

namespace peregrine::mail {
namespace {

using MessagesTest = MailTest;

TEST_F(MessagesTest, AppendGivesUidsInOrder) {
  Delivered first = append("INBOX", "one");
  Delivered second = append("INBOX", "two");
  EXPECT_EQ(first.uid, Uid{1});
  EXPECT_EQ(second.uid, Uid{2});
  EXPECT_GT(second.modseq, first.modseq);
  const Mailbox& box = account().inbox();
  EXPECT_EQ(first.uid_validity, box.record.uid_validity);
  EXPECT_EQ(box.counters.messages, 2U);
  EXPECT_EQ(box.counters.unseen, 2U);
  EXPECT_EQ(box.counters.uid_next, Uid{3});
  auto record = read_message(*memory.store, alice, first.message);
  ASSERT_TRUE(record);
  EXPECT_EQ(read_raw(*memory.store, record->blob), "Subject: subject\r\n\r\none");
  EXPECT_EQ(read_raw(*memory.store, record->blob, 9, 4), "subj");
  EXPECT_EQ(read_raw(*memory.store, record->blob, 1000, 4), "");
  EXPECT_EQ(read_text(*memory.store, alice, first.message), "subject: subject\n\none");
  auto summary = read_summary(*memory.store, *record);
  ASSERT_TRUE(summary);
  EXPECT_TRUE(decode_summary(*summary, record->size));
  expect_sound();
}

TEST_F(MessagesTest, AppendKeepsFlagsKeywordsAndDate) {
  NewMessage content = message("s", "b");
  content.internal_date = UnixTime{-86400};
  Target target{alice, inbox(), {}, flag(Flag::seen), {"$forwarded", "todo"}};
  ASSERT_TRUE(accounts->append(target, content));
  reopen();
  auto view = account().view(inbox());
  ASSERT_TRUE(view);
  const Row& row = (*view)->at(0);
  EXPECT_TRUE(row.flags().has(Flag::seen));
  EXPECT_EQ(row.internal_date(), UnixTime{-86400});
  EXPECT_EQ(Account::keyword_names(account().inbox(), row.keywords()),
            (std::vector<std::string>{"$forwarded", "todo"}));
  target.mailbox = MailboxId{99};
  EXPECT_EQ(accounts->append(target, content).error(), MailError::not_found);
  expect_sound();
}

TEST_F(MessagesTest, CopySharesTheMessage) {
  Delivered original = append("INBOX", "one");
  auto copied = account().copy(inbox(), to_uids({1, 7}), mailbox("Archive"));
  ASSERT_TRUE(copied);
  EXPECT_EQ(copied->value.from, to_uids({1}));
  EXPECT_EQ(copied->value.to, to_uids({1}));
  ASSERT_TRUE(account().copy(inbox(), to_uids({1}), inbox()));
  EXPECT_EQ(uids(inbox()), to_uids({1, 2}));
  EXPECT_EQ((*account().view(mailbox("Archive")))->at(0).message(), original.message);
  expect_sound();
  ASSERT_TRUE(account().remove(inbox(), to_uids({1, 2}), UnixTime{1}));
  EXPECT_TRUE(read_message(*memory.store, alice, original.message));
  expect_sound();
  ASSERT_TRUE(account().remove(mailbox("Archive"), to_uids({1}), UnixTime{1}));
  EXPECT_EQ(read_message(*memory.store, alice, original.message).error(), MailError::not_found);
  EXPECT_EQ(read_text(*memory.store, alice, original.message).error(), MailError::not_found);
  EXPECT_EQ(account().usage().bytes, 0U);
  expect_sound();
}

TEST_F(MessagesTest, MoveLeavesAnExpungeBehind) {
  append("INBOX", "one");
  append("INBOX", "two");
  ModSeq before = account().highest_modseq();
  auto moved = account().move(inbox(), to_uids({1}), mailbox("Trash"));
  ASSERT_TRUE(moved);
  EXPECT_EQ(uids(inbox()), to_uids({2}));
  EXPECT_EQ(uids(mailbox("Trash")), to_uids({1}));
  auto changes = account().changes_since(inbox(), before);
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->expunged, (std::vector<UidRange>{{Uid{1}, 1}}));
  EXPECT_TRUE(changes->changed.empty());
  // To the same mailbox: a new uid.
  ASSERT_TRUE(account().move(inbox(), to_uids({2}), inbox()));
  EXPECT_EQ(uids(inbox()), to_uids({3}));
  reopen();
  EXPECT_EQ(uids(inbox()), to_uids({3}));
  expect_sound();
}

TEST_F(MessagesTest, CopyCarriesKeywordsByName) {
  for (int i = 0; i < 2; ++i) append("INBOX", "text");
  auto set = [&](MailboxId box, std::uint32_t uid, std::vector<std::string> keywords) {
    FlagUpdate update{FlagChange::add, {}, std::move(keywords), {}};
    return account().store_flags(box, to_uids({uid}), update);
  };
  ASSERT_TRUE(set(inbox(), 1, {"a", "b"}));
  append("Archive", "other");
  ASSERT_TRUE(set(mailbox("Archive"), 1, {"x", "b"}));
  ASSERT_TRUE(account().copy(inbox(), to_uids({1}), mailbox("Archive")));
  const Mailbox& archive = *account().find("Archive");
  auto view = account().view(archive.id);
  ASSERT_TRUE(view);
  EXPECT_EQ(archive.record.keywords, (std::vector<std::string>{"x", "b", "a"}));
  EXPECT_EQ((*view)->at(1).keywords(), 0b110U);
  expect_sound();
}

TEST_F(MessagesTest, FlagsAreReplacedAddedAndRemoved) {
  append("INBOX", "one");
  append("INBOX", "two");
  auto change = [&](FlagChange how, FlagSet flags, std::vector<std::string> keywords = {}) {
    auto result = account().store_flags(inbox(), to_uids({1, 2, 9}),
                                        FlagUpdate{how, flags, std::move(keywords), {}});
    EXPECT_TRUE(result);
    return result ? result->value.changed : std::vector<Uid>{};
  };
  EXPECT_EQ(change(FlagChange::add, flag(Flag::seen), {"k"}), to_uids({1, 2}));
  EXPECT_TRUE(change(FlagChange::add, flag(Flag::seen)).empty());
  EXPECT_EQ(account().inbox().counters.unseen, 0U);
  EXPECT_EQ(change(FlagChange::replace, flag(Flag::deleted)).size(), 2U);
  EXPECT_EQ(account().inbox().counters.unseen, 2U);
  EXPECT_EQ(account().inbox().counters.deleted, 2U);
  EXPECT_EQ((*account().view(inbox()))->at(0).keywords(), 0U);
  EXPECT_EQ(change(FlagChange::remove, flag(Flag::deleted), {"never"}).size(), 2U);
  EXPECT_EQ(account().inbox().counters.deleted, 0U);
  FlagUpdate bad{FlagChange::add, {}, {"Upper"}, {}};
  EXPECT_EQ(account().store_flags(inbox(), to_uids({1}), bad).error(), MailError::bad_keyword);
  reopen();
  EXPECT_EQ(account().inbox().counters.unseen, 2U);
  expect_sound();
}

TEST_F(MessagesTest, UnchangedSinceRefusesWhatChanged) {
  append("INBOX", "one");
  append("INBOX", "two");
  ModSeq before = account().highest_modseq();
  ASSERT_TRUE(
      account().store_flags(inbox(), to_uids({2}), {FlagChange::add, flag(Flag::seen), {}, {}}));
  auto result = account().store_flags(inbox(), to_uids({1, 2}),
                                      {FlagChange::add, flag(Flag::flagged), {}, before});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->value.changed, to_uids({1}));
  EXPECT_EQ(result->value.modified, to_uids({2}));
}

TEST_F(MessagesTest, UnusedKeywordsMakeRoom) {
  append("INBOX", "one");
  append("INBOX", "two");
  auto set = [&](std::uint32_t uid, std::vector<std::string> keywords) {
    FlagUpdate update{FlagChange::replace, {}, std::move(keywords), {}};
    return account().store_flags(inbox(), to_uids({uid}), update);
  };
  std::vector<std::string> all;
  for (std::size_t i = 0; i < k_max_keywords; ++i) all.push_back("k" + std::to_string(i));
  ASSERT_TRUE(set(1, all));
  EXPECT_EQ(set(2, {"more"}).error(), MailError::over_limit);
  all.erase(all.begin() + 5);
  ASSERT_TRUE(set(1, all));
  ASSERT_TRUE(set(2, {"more"}));
  reopen();
  auto view = account().view(inbox());
  EXPECT_EQ(Account::keyword_names(account().inbox(), (*view)->at(1).keywords()),
            std::vector<std::string>{"more"});
  EXPECT_EQ(Account::keyword_names(account().inbox(), (*view)->at(0).keywords()).size(), 63U);
  expect_sound();
}

TEST_F(MessagesTest, ExpungeTakesDeletedOnesOnly) {
  for (int i = 0; i < 6; ++i) append("INBOX", "text" + std::to_string(i));
  ASSERT_TRUE(account().store_flags(inbox(), to_uids({2, 3, 5, 6}),
                                    {FlagChange::add, flag(Flag::deleted), {}, {}}));
  std::vector<Uid> only = to_uids({1, 2});
  auto first = account().expunge(inbox(), only, UnixTime{1});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->value.removed, to_uids({2}));
  auto second = account().expunge(inbox(), std::nullopt, UnixTime{1}, 2);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->value.removed, to_uids({3, 5}));
  EXPECT_TRUE(second->value.more);
  auto third = account().expunge(inbox(), std::nullopt, UnixTime{1}, 2);
  EXPECT_EQ(third->value.removed, to_uids({6}));
  EXPECT_FALSE(third->value.more);
  EXPECT_EQ(uids(inbox()), to_uids({1, 4}));
  expect_sound();
}

TEST_F(MessagesTest, ChangesAreToldUntilTheLogForgets) {
  for (int i = 0; i < 4; ++i) append("INBOX", "text" + std::to_string(i));
  ModSeq start = account().highest_modseq();
  ASSERT_TRUE(account().remove(inbox(), to_uids({1}), UnixTime{100}));
  ModSeq middle = account().highest_modseq();
  ASSERT_TRUE(account().remove(inbox(), to_uids({2}), UnixTime{200}));
  ASSERT_TRUE(
      account().store_flags(inbox(), to_uids({4}), {FlagChange::add, flag(Flag::seen), {}, {}}));
  auto changes = account().changes_since(inbox(), start);
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->expunged, (std::vector<UidRange>{{Uid{1}, 2}}));
  EXPECT_EQ(changes->changed, to_uids({4}));
  EXPECT_TRUE(account().changes_since(inbox(), changes->highest_modseq)->changed.empty());

  auto trimmed = account().maintain(UnixTime{150});
  ASSERT_TRUE(trimmed);
  reopen();
  changes = account().changes_since(inbox(), start);
  EXPECT_TRUE(changes->too_old);
  EXPECT_EQ(changes->changed, to_uids({3, 4}));
  changes = account().changes_since(inbox(), middle);
  EXPECT_FALSE(changes->too_old);
  EXPECT_EQ(changes->expunged, (std::vector<UidRange>{{Uid{2}, 1}}));
  expect_sound();
}

TEST_F(MessagesTest, QuotaIsCheckedForAppendAndCopy) {
  AccountId small = add_account("small@example.test", {100, 3});
  NewMessage content = message("s", "0123456789");  // 24 bytes
  append(small, "INBOX", content);
  append(small, "INBOX", content);
  MailboxId box = open(small).inbox().id;
  ASSERT_TRUE(open(small).copy(box, to_uids({1}), box));
  EXPECT_EQ(open(small).copy(box, to_uids({1}), box).error(), MailError::over_quota);
  Target target{small, {}, {}, {}, {}};
  EXPECT_EQ(accounts->append(target, content).error(), MailError::over_quota);
  MailboxId trash = open(small).find("Trash")->id;
  ASSERT_TRUE(open(small).move(box, to_uids({1, 2}), trash));
  ASSERT_TRUE(open(small).remove(trash, to_uids({1}), UnixTime{1}));
  EXPECT_EQ(accounts->append(target, message("s", std::string(80, 'x'))).error(),
            MailError::over_quota);
  EXPECT_TRUE(accounts->append(target, content));
  expect_sound();
}

TEST_F(MessagesTest, AFailedCommitChangesNothing) {
  append("INBOX", "one");
  MailboxId box = inbox();
  MailboxId trash = mailbox("Trash");
  Account& open_account = account();
  ASSERT_TRUE(open_account.view(box));
  ASSERT_TRUE(open_account.view(trash));
  ModSeq before = open_account.highest_modseq();
  auto fail = [&] { memory.hooks->fail_next_commit(store::StoreError::no_space); };
  fail();
  EXPECT_EQ(open_account.copy(box, to_uids({1}), trash).error(), MailError::no_space);
  fail();
  EXPECT_FALSE(open_account.move(box, to_uids({1}), trash));
  fail();
  EXPECT_FALSE(open_account.remove(box, to_uids({1}), UnixTime{1}));
  fail();
  EXPECT_FALSE(
      open_account.store_flags(box, to_uids({1}), {FlagChange::add, flag(Flag::seen), {"k"}, {}}));
  EXPECT_EQ(open_account.highest_modseq(), before);
  EXPECT_EQ(uids(box), to_uids({1}));
  EXPECT_TRUE(uids(trash).empty());
  EXPECT_TRUE(open_account.inbox().record.keywords.empty());
  ASSERT_TRUE(account().move(box, to_uids({1}), trash));
  expect_sound();
}

}  // namespace
}  // namespace peregrine::mail
