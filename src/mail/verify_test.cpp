#include <algorithm>

#include "mail/mail_fixture.h"

namespace peregrine::mail {
namespace {

class VerifyTest : public MailTest {
 protected:
  VerifyTest() {
    first = append("INBOX", "one");
    append("INBOX", "two");
    append("Archive", "three");
    EXPECT_TRUE(account().copy(inbox(), to_uids({1}), mailbox("Archive")));
    EXPECT_TRUE(account().remove(inbox(), to_uids({2}), UnixTime{1}));
    EXPECT_TRUE(account().store_flags(inbox(), to_uids({1}),
                                      {FlagChange::add, flag(Flag::deleted), {"k"}, {}}));
    append(bob, "INBOX", message("s", "bob's"));
    expect_sound();
  }

  void put(Bytes key, std::optional<Bytes> value) {
    store::Commit commit;
    commit.partitions.push_back(
        {partition_of(alice), std::nullopt, {{std::move(key), std::move(value)}}});
    ASSERT_TRUE(memory.store->commit(commit));
  }
  bool reports(std::string_view what) {
    auto all = findings();
    return std::ranges::any_of(
        all, [&](const std::string& one) { return one.find(what) != std::string::npos; });
  }
  Counters counters() { return account().inbox().counters; }

  Delivered first;
};

TEST_F(VerifyTest, EachRecordThatIsMissingOrWrongIsReported) {
  MailboxId box = inbox();
  auto check = [&](Bytes key, std::optional<Bytes> value, std::string_view what) {
    auto before = memory.store->get(partition_of(alice), key);
    ASSERT_TRUE(before);
    put(key, std::move(value));
    EXPECT_TRUE(reports(what)) << what;
    put(key, *before);
    expect_sound();
  };
  check(header_key(), std::nullopt, "header 0: missing");
  check(counters_key(box), std::nullopt, "missing");
  Counters wrong = counters();
  ++wrong.size;
  check(counters_key(box), encode(wrong), "count 1 messages");
  wrong = counters();
  wrong.uid_next = wrong.uid_next.next();
  check(counters_key(box), encode(wrong), "uids given out");
  check(entry_key(box, Uid{1}), std::nullopt, "count 1 messages");
  Entry entry = (*account().view(box))->at(0).entry();
  check(entry_key(box, Uid{9}), encode(entry), "lies beyond the mailbox's");
  check(entry_key(MailboxId{77}, Uid{1}), encode(entry), "there is no mailbox 77");
  entry.message = MessageId{55};
  check(entry_key(box, Uid{1}), encode(entry), "message 55: missing");
  check(message_key(first.message), std::nullopt, "no message needs it");
  check(message_key(MessageId{50}),
        memory.store->get(partition_of(alice), message_key(first.message)).value(),
        "no mailbox has it");
  check(references_key(first.message), std::nullopt, "2 entries have it");
  check(text_key(MessageId{50}), encode_bytes("x"), "belongs to no message");
  check(expunged_key(box, ModSeq{1}), encode(ExpungedRecord{{}, {{Uid{1}, 1}}}),
        "a uid left, and is still there");
  check(expunged_key(box, ModSeq{1}), encode(ExpungedRecord{{}, {{Uid{2}, 1}}}),
        "a uid left twice");
  check(mailbox_key(MailboxId{50}), encode(MailboxRecord{"Archive", UidValidity{1}}), "its name");
  check(mailbox_key(MailboxId{50}), encode(MailboxRecord{"x/y", UidValidity{1}}),
        "never given out");
  check("\x7fwhat", "x", "not a key");
  for (KeyFamily family : {KeyFamily::header, KeyFamily::mailbox, KeyFamily::entry,
                           KeyFamily::message, KeyFamily::expunged}) {
    Bytes key;
    KeyRange range = family_range(family);
    ASSERT_TRUE(memory.store->scan(partition_of(alice), range.first, range.end,
                                   store::Scan::forward, [&](BytesView found, BytesView) {
                                     key = found;
                                     return false;
                                   }));
    check(key, "\x01garbage", "the record does not decode");
  }
}

TEST_F(VerifyTest, MailWithoutAnAccountIsReported) {
  ASSERT_TRUE(directory->remove_account(*Address::parse("bob@example.test")));
  EXPECT_TRUE(reports("not in the directory"));
}

TEST_F(VerifyTest, ADamagedEntryHidesNoOther) {
  append("INBOX", "four");
  ASSERT_TRUE(memory.hooks->flip_bit(partition_of(alice), entry_key(inbox(), Uid{1})));
  reopen();
  EXPECT_EQ(uids(inbox()), to_uids({3}));
  EXPECT_EQ(append("INBOX", "five").uid, Uid{4});
  EXPECT_TRUE(
      account().store_flags(inbox(), to_uids({1, 3}), {FlagChange::add, flag(Flag::seen), {}, {}}));
  EXPECT_TRUE(account().remove(inbox(), to_uids({1, 3, 4}), UnixTime{1}));
  EXPECT_TRUE(reports("has damaged records"));
}

TEST_F(VerifyTest, ADamagedMessageCanBeRemoved) {
  ASSERT_TRUE(memory.hooks->flip_bit(partition_of(alice), message_key(first.message)));
  reopen();
  EXPECT_EQ(read_message(*memory.store, alice, first.message).error(), MailError::corrupt);
  EXPECT_TRUE(account().remove(inbox(), to_uids({1}), UnixTime{1}));
  EXPECT_TRUE(account().remove(mailbox("Archive"), to_uids({2}), UnixTime{1}));
  EXPECT_EQ(findings().size(), 1U);  // the link that nobody could name
}

TEST_F(VerifyTest, ADamagedMailboxHidesNoOther) {
  ASSERT_TRUE(memory.hooks->flip_bit(partition_of(alice), counters_key(mailbox("Archive"))));
  reopen();
  EXPECT_EQ(account().find("Archive"), nullptr);
  EXPECT_EQ(uids(inbox()), to_uids({1}));
  EXPECT_TRUE(reports("has damaged records"));
}

TEST_F(VerifyTest, WithoutHeaderOrInboxAnAccountIsUnavailable) {
  for (const Bytes& key : {header_key(), mailbox_key(inbox())}) {
    ASSERT_TRUE(memory.hooks->flip_bit(partition_of(alice), key));
    reopen();
    EXPECT_EQ(accounts->open(alice).error(), MailError::corrupt);
    auto delivered = accounts->deliver(std::vector<Target>{{alice}, {bob}}, message("s", "x"));
    ASSERT_TRUE(delivered);
    EXPECT_EQ(delivered->value[0].status, DeliveryStatus::unavailable);
    EXPECT_EQ(delivered->value[1].status, DeliveryStatus::delivered);
    ASSERT_TRUE(memory.hooks->flip_bit(partition_of(alice), key));
    reopen();
  }
  expect_sound();
}

TEST_F(VerifyTest, EveryBitOfEveryRecordMayFlip) {
  std::vector<Bytes> keys;
  ASSERT_TRUE(memory.store->scan(partition_of(alice), {}, {}, store::Scan::forward,
                                 [&](BytesView key, BytesView) {
                                   keys.emplace_back(key);
                                   return true;
                                 }));
  for (const Bytes& key : keys) {
    ASSERT_TRUE(memory.hooks->flip_bit(partition_of(alice), key));
    reopen();
    EXPECT_FALSE(findings().empty());
    if (auto opened = accounts->open(alice)) {
      for (const auto& [id, mailbox] : (*opened)->mailboxes()) (void)(*opened)->view(id);
      (void)(*opened)->changes_since((*opened)->inbox().id, ModSeq{1});
    }
    ASSERT_TRUE(memory.hooks->flip_bit(partition_of(alice), key));
  }
  reopen();
  expect_sound();
}

TEST_F(VerifyTest, DumpShowsRecordsAndNoContents) {
  std::string all;
  auto out = [&](std::string_view line) { all.append(line).push_back('\n'); };
  ASSERT_TRUE(dump(*memory.store, {}, out));
  for (const char* part : {"\"record\":\"account\"", "\"name\":\"INBOX\"", "\"uids\":\"2\"",
                           "\"record\":\"references\"", "\"record\":\"text\""}) {
    EXPECT_NE(all.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(all.find("three"), std::string::npos);
  EXPECT_EQ(all.find("$hash"), std::string::npos);
  std::size_t full = all.size();
  all.clear();
  ASSERT_TRUE(dump(*memory.store, {bob}, out));
  EXPECT_LT(all.size(), full);
  EXPECT_EQ(all.find("\"account\":" + std::to_string(alice.value)), std::string::npos);
}

}  // namespace
}  // namespace peregrine::mail
