#include <algorithm>

#include "mail/mail_fixture.h"

namespace peregrine::mail {
namespace {

class MailboxesTest : public MailTest {
 protected:
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& [id, mailbox] : account().mailboxes()) {
      out.push_back(mailbox.record.name + (mailbox.record.no_select ? " (no)" : ""));
    }
    std::ranges::sort(out);
    return out;
  }
  void drop_standard() {
    for (const char* name : {"Drafts", "Sent", "Junk", "Trash", "Archive"}) {
      ASSERT_TRUE(account().delete_mailbox(name));
    }
  }
  using Names = std::vector<std::string>;
};

TEST_F(MailboxesTest, ANewAccountHasTheStandardOnes) {
  EXPECT_EQ(names(), (Names{"Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"}));
  EXPECT_EQ(account().find(SpecialUse::sent)->record.name, "Sent");
  EXPECT_EQ(account().subscriptions().size(), 6U);
  EXPECT_EQ(accounts->open(AccountId{99}).error(), MailError::not_found);
  reopen();
  EXPECT_EQ(names().size(), 6U);
  EXPECT_TRUE(account().find("inbox"));
  expect_sound();
}

TEST_F(MailboxesTest, CreateMakesParents) {
  drop_standard();
  ASSERT_TRUE(account().create_mailbox("a/b/c/"));
  EXPECT_EQ(names(), (Names{"INBOX", "a", "a/b", "a/b/c"}));
  EXPECT_EQ(account().create_mailbox("a/b").error(), MailError::exists);
  EXPECT_EQ(account().create_mailbox("InBoX").error(), MailError::exists);
  EXPECT_EQ(account().create_mailbox("x//y").error(), MailError::bad_name);
  EXPECT_EQ(account().create_mailbox("/").error(), MailError::bad_name);
  EXPECT_TRUE(account().has_children(*account().find("a")));
  EXPECT_FALSE(account().has_children(*account().find("a/b/c")));
  EXPECT_TRUE(account().create_mailbox("A\xcc\x88"));
  EXPECT_EQ(account().create_mailbox("\xc3\x84").error(), MailError::exists);
  expect_sound();
}

TEST_F(MailboxesTest, ASpecialUseIsHeldOnce) {
  EXPECT_EQ(account().create_mailbox("Gesendet", SpecialUse::sent).error(), MailError::exists);
  ASSERT_TRUE(account().delete_mailbox("Sent"));
  EXPECT_TRUE(account().create_mailbox("Gesendet", SpecialUse::sent));
  EXPECT_EQ(account().find(SpecialUse::sent)->record.name, "Gesendet");
}

TEST_F(MailboxesTest, DeleteKeepsInferiorNames) {
  drop_standard();
  ASSERT_TRUE(account().create_mailbox("a/b"));
  MailboxId old = mailbox("a");
  append("a", "text");
  ASSERT_TRUE(account().delete_mailbox("a"));
  EXPECT_EQ(names(), (Names{"INBOX", "a (no)", "a/b"}));
  EXPECT_NE(mailbox("a"), old);
  EXPECT_EQ(account().delete_mailbox("a").error(), MailError::has_children);
  EXPECT_EQ(account().view(mailbox("a")).error(), MailError::no_select);
  EXPECT_EQ(account().usage().messages, 0U);
  expect_sound();
  ASSERT_TRUE(account().create_mailbox("a"));
  EXPECT_EQ(names(), (Names{"INBOX", "a", "a/b"}));
  ASSERT_TRUE(account().delete_mailbox("a/b"));
  ASSERT_TRUE(account().delete_mailbox("a"));
  EXPECT_EQ(account().delete_mailbox("a").error(), MailError::not_found);
  EXPECT_EQ(account().delete_mailbox("inbox").error(), MailError::is_inbox);
  reopen();
  EXPECT_EQ(names(), Names{"INBOX"});
  expect_sound();
}

TEST_F(MailboxesTest, ContentsOfDeletedOnesGoStepByStep) {
  ASSERT_TRUE(account().create_mailbox("a"));
  for (int i = 0; i < 10; ++i) append("a", "text " + std::to_string(i));
  Delivered kept = append("a", "kept");
  ASSERT_TRUE(account().copy(mailbox("a"), to_uids({11}), inbox()));
  ASSERT_TRUE(account().remove(mailbox("a"), to_uids({1, 2}), UnixTime{5}));
  ASSERT_TRUE(account().delete_mailbox("a"));
  int steps = 0;
  while (true) {
    expect_sound();
    reopen();
    auto more = account().maintain(UnixTime{}, 3);
    ASSERT_TRUE(more);
    ++steps;
    if (!more->value) break;
  }
  EXPECT_GE(steps, 4);
  expect_sound();
  EXPECT_TRUE(read_message(*memory.store, alice, kept.message));
  std::size_t links = 0;
  ASSERT_TRUE(memory.store->scan_links([&](const store::BlobLink&) { return ++links > 0; }));
  EXPECT_EQ(links, 1U);
}

TEST_F(MailboxesTest, ANameUsedAgainHasALargerUidValidity) {
  ASSERT_TRUE(account().create_mailbox("a"));
  UidValidity before = account().find("a")->record.uid_validity;
  ASSERT_TRUE(account().delete_mailbox("a"));
  ASSERT_TRUE(account().create_mailbox("a"));
  EXPECT_GT(account().find("a")->record.uid_validity, before);
}

TEST_F(MailboxesTest, RenameTakesInferiorNamesAlong) {
  drop_standard();
  ASSERT_TRUE(account().create_mailbox("foo/bar/baz"));
  ASSERT_TRUE(account().create_mailbox("foobar"));
  append("foo/bar", "text");
  ASSERT_TRUE(account().rename_mailbox("foo", "new/zap"));
  EXPECT_EQ(names(),
            (Names{"INBOX", "foobar", "new", "new/zap", "new/zap/bar", "new/zap/bar/baz"}));
  EXPECT_EQ(uids(mailbox("new/zap/bar")), to_uids({1}));
  EXPECT_EQ(account().rename_mailbox("foo", "x").error(), MailError::not_found);
  EXPECT_EQ(account().rename_mailbox("new", "foobar").error(), MailError::exists);
  EXPECT_EQ(account().rename_mailbox("new", "new").error(), MailError::exists);
  EXPECT_EQ(account().rename_mailbox("new", "new/a").error(), MailError::inside_itself);
  EXPECT_EQ(account().rename_mailbox("new/zap", std::string(900, 'a')).error(),
            MailError::bad_name);
  reopen();
  EXPECT_EQ(names().size(), 6U);
  expect_sound();
}

TEST_F(MailboxesTest, RenamingInboxLeavesAnEmptyOne) {
  drop_standard();
  ASSERT_TRUE(account().create_mailbox("INBOX/sub"));
  append("INBOX", "text");
  append("INBOX", "other");
  append("INBOX", "third");
  ASSERT_TRUE(account().remove(inbox(), to_uids({2}), wall_now()));
  std::vector<std::string> keywords = {"$work"};
  ASSERT_TRUE(account().store_flags(inbox(), to_uids({3}),
                                    {FlagChange::add, FlagSet().add(Flag::seen), keywords, {}}));
  MailboxId id = inbox();
  UidValidity validity = account().inbox().record.uid_validity;
  ModSeq before = account().inbox().counters.highest_modseq;
  mail::Usage usage = account().usage();
  ASSERT_TRUE(account().rename_mailbox("inbox", "old/mail"));
  EXPECT_EQ(names(), (Names{"INBOX", "INBOX/sub", "old", "old/mail"}));
  EXPECT_EQ(inbox(), id);
  EXPECT_EQ(account().inbox().record.uid_validity, validity);
  EXPECT_TRUE(uids(inbox()).empty());
  auto changes = account().changes_since(inbox(), before);
  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->changed.empty());
  EXPECT_EQ(changes->expunged, (std::vector<UidRange>{{Uid(1), 1}, {Uid(3), 1}}));
  MailboxId moved = mailbox("old/mail");
  EXPECT_EQ(uids(moved), to_uids({1, 2}));
  auto check = [&] {
    const Mailbox& target = *account().find(moved);
    EXPECT_EQ(target.counters.messages, 2U);
    EXPECT_EQ(target.counters.unseen, 1U);
    auto view = account().view(moved);
    ASSERT_TRUE(view);
    EXPECT_EQ(Account::keyword_names(target, (*view)->at(1).keywords()), keywords);
    EXPECT_EQ(account().inbox().counters.messages, 0U);
    EXPECT_EQ(account().usage().messages, usage.messages);
    EXPECT_EQ(account().usage().bytes, usage.bytes);
  };
  check();
  append("INBOX", "more");
  usage = account().usage();
  EXPECT_EQ(uids(inbox()), to_uids({4}));
  reopen();
  EXPECT_EQ(uids(inbox()), to_uids({4}));
  EXPECT_EQ(account().usage().messages, usage.messages);
  expect_sound();
}

TEST_F(MailboxesTest, AnEmptyInboxIsRenamedToo) {
  drop_standard();
  ASSERT_TRUE(account().rename_mailbox("INBOX", "old"));
  EXPECT_EQ(names(), (Names{"INBOX", "old"}));
  EXPECT_TRUE(uids(mailbox("old")).empty());
  EXPECT_EQ(account().rename_mailbox("INBOX", "INBOX").error(), MailError::exists);
  ASSERT_TRUE(account().rename_mailbox("INBOX", "INBOX/below"));
  EXPECT_EQ(names(), (Names{"INBOX", "INBOX/below", "old"}));
  expect_sound();
}

TEST_F(MailboxesTest, SubscriptionsAreNamesOfTheirOwn) {
  ASSERT_TRUE(account().subscribe("not/there"));
  ASSERT_TRUE(account().subscribe("not/there"));
  EXPECT_EQ(account().subscribe("a//b").error(), MailError::bad_name);
  ASSERT_TRUE(account().delete_mailbox("Sent"));
  reopen();
  EXPECT_TRUE(account().subscriptions().contains("not/there"));
  EXPECT_TRUE(account().subscriptions().contains("Sent"));
  ASSERT_TRUE(account().unsubscribe("not/there"));
  ASSERT_TRUE(account().unsubscribe("not/there"));
  reopen();
  EXPECT_FALSE(account().subscriptions().contains("not/there"));
  expect_sound();
}

TEST_F(MailboxesTest, TheirNumberIsBounded) {
  limits.mailboxes = 8;
  reopen();
  EXPECT_EQ(account().create_mailbox("a/b/c").error(), MailError::over_limit);
  EXPECT_TRUE(account().create_mailbox("a/b"));
  EXPECT_EQ(account().create_mailbox("c").error(), MailError::over_limit);
  EXPECT_TRUE(account().rename_mailbox("a", "d"));
}

TEST_F(MailboxesTest, AFailedCommitChangesNothing) {
  auto before = names();
  for (int i = 0; i < 3; ++i) {
    Account& open_account = account();
    memory.hooks->fail_next_commit(store::StoreError::no_space);
    switch (i) {
      case 0:
        EXPECT_FALSE(open_account.create_mailbox("x/y"));
        break;
      case 1:
        EXPECT_FALSE(open_account.delete_mailbox("Sent"));
        break;
      case 2:
        EXPECT_FALSE(open_account.rename_mailbox("Sent", "x"));
        break;
    }
    EXPECT_EQ(names(), before);
  }
  EXPECT_TRUE(account().create_mailbox("x/y"));
  expect_sound();
}

}  // namespace
}  // namespace peregrine::mail
