#include "mail/mail_fixture.h"

namespace peregrine::mail {
namespace {

class DeliveryTest : public MailTest {
 protected:
  std::vector<Delivered> deliver(std::vector<Target> targets, const NewMessage& content) {
    auto result = accounts->deliver(targets, content);
    EXPECT_TRUE(result);
    return result ? result->value : std::vector<Delivered>{};
  }
  std::size_t links() {
    std::size_t out = 0;
    EXPECT_TRUE(memory.store->scan_links([&](const store::BlobLink&) { return ++out > 0; }));
    return out;
  }
};

TEST_F(DeliveryTest, OneCommitForSeveralAccounts) {
  account();
  open(bob);
  store::Sequence before = open(bob).last_sequence();
  auto result =
      accounts->deliver(std::vector<Target>{{alice}, {bob}, {AccountId{99}}}, message("s", "text"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->sequence, before.next());
  EXPECT_EQ(result->value[0].status, DeliveryStatus::delivered);
  EXPECT_EQ(result->value[1].status, DeliveryStatus::delivered);
  EXPECT_EQ(result->value[2].status, DeliveryStatus::not_found);
  EXPECT_EQ(account().last_sequence(), result->sequence);
  EXPECT_EQ(links(), 2U);
  expect_sound();
}

TEST_F(DeliveryTest, AnAccountGetsAMessageOnceInEachMailbox) {
  std::vector<Target> targets{
      {alice}, {alice, {}, "inbox"}, {alice, {}, "Junk"}, {alice, {}, "No"}};
  auto results = deliver(targets, message("s", "text"));
  EXPECT_EQ(results[0].uid, results[1].uid);
  EXPECT_EQ(results[2].mailbox, mailbox("Junk"));
  EXPECT_EQ(results[2].message, results[0].message);
  EXPECT_EQ(results[3].status, DeliveryStatus::not_found);
  EXPECT_EQ(uids(inbox()), to_uids({1}));
  EXPECT_EQ(links(), 1U);
  expect_sound();
  ASSERT_TRUE(account().remove(inbox(), to_uids({1}), UnixTime{1}));
  EXPECT_EQ(links(), 1U);
  ASSERT_TRUE(account().remove(mailbox("Junk"), to_uids({1}), UnixTime{1}));
  EXPECT_EQ(links(), 0U);
  expect_sound();
}

TEST_F(DeliveryTest, QuotaOfOneDoesNotHarmTheOthers) {
  AccountId full = add_account("full@example.test", {10, 0});
  auto results = deliver({{full}, {alice}}, message("s", "text"));
  EXPECT_EQ(results[0].status, DeliveryStatus::over_quota);
  EXPECT_EQ(results[1].status, DeliveryStatus::delivered);
  expect_sound();
}

TEST_F(DeliveryTest, WhatLeavesIsCommittedAlong) {
  store::Commit with;
  with.partitions.push_back({store::k_system_partition, std::nullopt, {{"queue item", "x"}}});
  auto result = accounts->deliver(std::vector<Target>{{alice}}, message("s", "text"), with);
  ASSERT_TRUE(result);
  EXPECT_EQ(memory.store->get(store::k_system_partition, "queue item"), "x");
  with.partitions[0].writes[0].key = "another";
  ASSERT_TRUE(accounts->deliver(std::vector<Target>{{AccountId{99}}}, message("s", "t"), with));
  EXPECT_EQ(memory.store->get(store::k_system_partition, "another"), "x");
}

TEST_F(DeliveryTest, LargeTextsAndSummariesAreStoredOnce) {
  std::string body(20'000, 'x');
  deliver({{alice}, {bob}}, message(std::string(9000, 's'), body));
  auto view = account().view(inbox());
  MessageId id = (*view)->at(0).message();
  auto record = read_message(*memory.store, alice, id);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->summary.blob);
  EXPECT_TRUE(record->text_blob);
  EXPECT_TRUE(decode_summary(*read_summary(*memory.store, *record), record->size));
  EXPECT_EQ(read_text(*memory.store, alice, id)->size(), 9000 + 20'000 + 11U);
  EXPECT_EQ(links(), 6U);
  expect_sound();
  ASSERT_TRUE(account().remove(inbox(), to_uids({1}), UnixTime{1}));
  EXPECT_EQ(links(), 3U);
  expect_sound();
}

TEST_F(DeliveryTest, AFailedCommitDeliversNothing) {
  account();
  memory.hooks->fail_next_commit(store::StoreError::no_space);
  EXPECT_EQ(accounts->deliver(std::vector<Target>{{alice}}, message("s", "x")).error(),
            MailError::no_space);
  EXPECT_TRUE(uids(inbox()).empty());
  NewMessage wrong = message("s", "x");
  wrong.blob.digest[0] ^= 1;
  EXPECT_EQ(accounts->deliver(std::vector<Target>{{alice}}, wrong).error(), MailError::corrupt);
  EXPECT_EQ(append("INBOX", "x").uid, Uid{1});
  expect_sound();
}

TEST_F(DeliveryTest, ChangedAccountsAreTold) {
  account();
  open(bob);
  accounts->drain_changed();
  deliver({{alice}, {bob}}, message("s", "text"));
  append("INBOX", "more");
  auto changed = accounts->drain_changed();
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed[0].account, alice);
  EXPECT_EQ(changed[0].sequence, account().last_sequence());
  EXPECT_TRUE(accounts->drain_changed().empty());
}

TEST_F(DeliveryTest, AMaildropHasOneSession) {
  EXPECT_TRUE(accounts->lock_pop3(alice, SessionId{1}));
  EXPECT_FALSE(accounts->lock_pop3(alice, SessionId{2}));
  EXPECT_TRUE(accounts->lock_pop3(bob, SessionId{2}));
  accounts->unlock_pop3(alice, SessionId{2});
  EXPECT_FALSE(accounts->lock_pop3(alice, SessionId{2}));
  accounts->unlock_pop3(alice, SessionId{1});
  EXPECT_TRUE(accounts->lock_pop3(alice, SessionId{2}));
}

TEST_F(DeliveryTest, MemoryStaysWithinItsBudget) {
  limits.memory_bytes = 60'000;
  reopen();
  std::vector<AccountId> ids;
  for (int i = 0; i < 40; ++i) {
    ids.push_back(add_account("user" + std::to_string(i) + "@example.test"));
    append(ids.back(), "INBOX", message("s", "text"));
  }
  open(alice);
  EXPECT_LT(accounts->memory(), 70'000U);
  EXPECT_LT(accounts->loaded(), 20U);
  for (AccountId id : ids) EXPECT_EQ(open(id).inbox().counters.messages, 1U);
  // What is not durable is not forgotten: its last commit would be.
  memory.hooks->hold_sync();
  for (AccountId id : ids) append(id, "INBOX", message("s", "more"));
  EXPECT_GT(accounts->loaded(), 39U);
  for (AccountId id : ids) EXPECT_FALSE(open(id).last_sequence().is_none());
  memory.hooks->release_sync();
  open(alice);
  EXPECT_LT(accounts->loaded(), 20U);
  expect_sound();
}

TEST_F(DeliveryTest, ARemovedAccountIsPurged) {
  for (int i = 0; i < 20; ++i) deliver({{alice}, {bob}}, message("s", std::to_string(i)));
  EXPECT_EQ(accounts->purge(alice).error(), MailError::exists);
  ASSERT_TRUE(directory->remove_account(*Address::parse("alice@example.test")));
  EXPECT_EQ(accounts->orphans(), std::vector{alice});
  EXPECT_FALSE(findings().empty());
  while (true) {
    auto more = accounts->purge(alice, 7);
    ASSERT_TRUE(more);
    if (!more->value) break;
  }
  EXPECT_EQ(accounts->open(alice).error(), MailError::not_found);
  EXPECT_EQ(accounts->orphans(), std::vector<AccountId>{});
  EXPECT_EQ(links(), 20U);
  expect_sound();
}

}  // namespace
}  // namespace peregrine::mail
