// Messages through the queue: leases, reports, back-off, expiry, and who is told.
#include <map>

#include "queue/queue_fixture.h"
#include "store/rocksdb/test_directory.h"

namespace peregrine::queue {
namespace {

constexpr std::uint32_t bits(Notify bit) {
  return static_cast<std::uint32_t>(bit);
}

TEST_F(QueueTest, ADeliveredMessageLeavesNothingBehind) {
  QueueId id = add("b@there.test");
  Lease lease = take();
  EXPECT_EQ(lease.kind, LeaseKind::send);
  EXPECT_EQ(lease.destination, "there.test");
  ASSERT_EQ(lease.messages.size(), 1U);
  EXPECT_EQ(lease.messages[0].id, id);
  EXPECT_EQ(recipient(id)->state, State::leased);
  EXPECT_TRUE(queue->leased_message(lease.id, id, now));
  expect_sound();
  say(lease, Outcome::delivered);
  EXPECT_FALSE(message(id));
  EXPECT_FALSE(queue->leased_message(lease.id, id, now));
  expect_empty();
}

TEST_F(QueueTest, ALeaseTakesOneDestinationAndRotates) {
  add({{.address = "1@a.test"}, {.address = "2@b.test"}, {.address = "3@a.test"}});
  now.seconds += 1;
  Lease first = take({.most_messages = 1});
  EXPECT_EQ(first.destination, "a.test");
  EXPECT_EQ(first.messages[0].recipients.size(), 2U);
  EXPECT_EQ(take().destination, "b.test");
  EXPECT_FALSE(lease());
}

TEST_F(QueueTest, APreferredDestinationComesFirstAndAlone) {
  add("1@a.test");
  add("1@b.test");
  EXPECT_FALSE(lease({.prefer = "c.test", .only_preferred = true}));
  EXPECT_EQ(take({.prefer = "b.test", .only_preferred = true}).destination, "b.test");
  EXPECT_FALSE(lease({.prefer = "b.test", .only_preferred = true}));
  EXPECT_EQ(take({.prefer = "b.test"}).destination, "a.test");
}

TEST_F(QueueTest, LeasesOfADestinationAreBounded) {
  options.leases_per_destination = 2;
  reopen();
  for (int i = 0; i < 5; ++i) add(std::to_string(i) + "@a.test");
  Lease first = take({.most_messages = 1});
  take({.most_messages = 1});
  EXPECT_FALSE(lease({.most_messages = 1}));
  expect_sound();
  say(first, Outcome::delivered);
  EXPECT_TRUE(lease({.most_messages = 1}));
  EXPECT_FALSE(lease({.most_messages = 1}));
  // What the lost ones hold is due again after their time.
  now.seconds += options.lease_time.count();
  EXPECT_EQ(take().messages.size(), 4U);
}

TEST_F(QueueTest, ADestinationCanHaveABoundOfItsOwn) {
  options.leases_of = [](const std::string& destination) {
    return destination == "slow.test" ? 1U : 20U;
  };
  reopen();
  for (int i = 0; i < 3; ++i) {
    add(std::to_string(i) + "@slow.test");
    add(std::to_string(i) + "@fast.test");
  }
  std::map<std::string, int> leases;
  while (auto leased = lease({.most_messages = 1})) ++leases[leased->destination];
  EXPECT_EQ(leases, (std::map<std::string, int>{{"fast.test", 3}, {"slow.test", 1}}));
  expect_sound();
}

TEST_F(QueueTest, WhatGoesByDifferentConnectionsIsLeasedApart) {
  options.group_of = [](const MessageRecord& message) {
    return message.arrived.seconds % 2 == 0 ? "even" : "odd";
  };
  reopen();
  std::vector<UnixTime> arrived;
  for (int i = 0; i < 6; ++i) {
    add(std::to_string(i) + "@a.test");
    arrived.push_back(now);
    now.seconds += 1;
  }
  for (std::int64_t remainder : {arrived[0].seconds % 2, arrived[1].seconds % 2}) {
    Lease leased = take();
    EXPECT_EQ(leased.messages.size(), 3U);
    for (const LeasedMessage& each : leased.messages) {
      EXPECT_EQ(each.record.arrived.seconds % 2, remainder);
    }
  }
  EXPECT_FALSE(lease());
  expect_sound();
}

TEST_F(QueueTest, ManyRecipientsAreTakenInParts) {
  std::vector<NewRecipient> many;
  for (int i = 0; i < 250; ++i) many.push_back({.address = std::to_string(i) + "@a.test"});
  QueueId id = add(many);
  for (std::size_t expected : {100U, 100U, 50U}) {
    Lease lease = take();
    ASSERT_EQ(lease.messages.size(), 1U);
    EXPECT_EQ(lease.messages[0].recipients.size(), expected);
    say(lease, Outcome::delivered);
  }
  EXPECT_FALSE(message(id));
  expect_empty();
}

TEST_F(QueueTest, BackOffDoublesUpToItsLimitWithJitter) {
  QueueId id = add("b@a.test");
  std::int64_t pause = options.retry_first.count();
  for (std::uint32_t attempt = 1; attempt <= 10; ++attempt) {
    next_random = attempt * 1'000'003;
    say(take(), Outcome::temporary);
    auto record = recipient(id);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->attempts, attempt);
    EXPECT_EQ(record->diagnostic, "450 later");
    std::int64_t wait = record->due.seconds - now.seconds;
    EXPECT_GE(wait, pause - pause / 5) << attempt;
    EXPECT_LE(wait, pause + pause / 5) << attempt;
    EXPECT_FALSE(lease());
    now = record->due;
    pause = std::min<std::int64_t>(pause * 2, options.retry_longest.count());
  }
}

TEST_F(QueueTest, AFailedDestinationRestsAsAWholeAndItsMailKeepsItsPlace) {
  for (int i = 0; i < 20; ++i) add(std::to_string(i) + "@down.test");
  QueueId last = add("x@down.test");
  UnixTime place = recipient(last)->due;
  Lease lease1 = take({.most_messages = 1});
  QueueId leased = lease1.messages[0].id;
  store::Version before = memory.store->version(store::k_system_partition);
  fail_destination(lease1);
  EXPECT_EQ(memory.store->version(store::k_system_partition).value, before.value + 1);
  EXPECT_EQ(recipient(last)->due, place);
  EXPECT_EQ(recipient(leased)->due, place);
  EXPECT_EQ(recipient(leased)->attempts, 0U);
  EXPECT_FALSE(lease());
  auto record = *queue->change().destination("down.test");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->failures, 1U);
  EXPECT_EQ(record->reason, "no route");
  now = record->not_before;
  Lease second = take({.most_messages = 1});
  fail_destination(second);
  record = *queue->change().destination("down.test");
  EXPECT_EQ(record->failures, 2U);
  EXPECT_GE(record->not_before.seconds - now.seconds, options.retry_first.count() * 8 / 5);
  now = record->not_before;
  say(take({.most_messages = 1}), Outcome::delivered);
  EXPECT_EQ((*queue->change().destination("down.test"))->failures, 0U);
  EXPECT_EQ(take({.most_messages = 100}).messages.size(), 20U);
}

TEST_F(QueueTest, LeasesOutliveARestartAndEndByTime) {
  QueueId id = add("b@a.test");
  Lease old = take();
  reopen();
  EXPECT_FALSE(lease());
  EXPECT_EQ(*queue->next_due(), old.expires);
  now = old.expires;
  Lease fresh = take();
  EXPECT_EQ(fresh.messages[0].id, id);
  EXPECT_NE(fresh.id, old.id);
  // The first courier did deliver it: believed, so that it is not delivered twice by retries.
  say(old, Outcome::temporary);
  EXPECT_EQ(recipient(id)->lease, fresh.id);
  say(old, Outcome::delivered);
  EXPECT_FALSE(message(id));
  say(fresh, Outcome::temporary);
  expect_empty();
}

TEST_F(QueueTest, AnEndedLeaseIsBelievedWhileTheRecipientWaits) {
  QueueId id = add("b@a.test");
  Lease old = take();
  EXPECT_TRUE(queue->report({.lease = old.id, .is_last = true}, now));
  EXPECT_EQ(recipient(id)->state, State::waiting);
  say(old, Outcome::delivered);
  expect_empty();
}

TEST_F(QueueTest, WhatASenderThatIsGoneHadOnLeaseCountsAsTried) {
  QueueId waiting = add("b@a.test");
  QueueId held = add("b@b.test");
  QueueId failed = add("b@c.test");
  say(take({.prefer = "c.test"}), Outcome::permanent);
  Lease lease = take({.prefer = "a.test"});
  take({.prefer = "b.test"});
  Lease notices = take();
  EXPECT_EQ(notices.kind, LeaseKind::notify);
  EXPECT_TRUE(queue->operate(std::vector{held}, {}, Action::hold, "", now));
  reopen();
  ASSERT_TRUE(queue->end_leases(now));
  EXPECT_EQ(recipient(waiting)->state, State::waiting);
  EXPECT_EQ(recipient(waiting)->attempts, 1U);
  EXPECT_EQ(recipient(waiting)->status, "4.3.0");
  // It may be what ended the sender: others come first.
  EXPECT_GT(recipient(waiting)->due, now);
  EXPECT_LE(recipient(waiting)->due.seconds, now.seconds + 2 * options.retry_first.count());
  EXPECT_EQ(recipient(held)->state, State::held);
  EXPECT_FALSE(queue->leased_message(lease.id, waiting, now));
  EXPECT_EQ(recipient(failed)->notice_due.seconds, now.seconds + options.retry_first.count());
  expect_sound();
  auto again = queue->end_leases(now);
  ASSERT_TRUE(again);
  EXPECT_EQ(recipient(waiting)->attempts, 1U);
  // What the sender did before it ended still counts.
  say(lease, Outcome::delivered);
  EXPECT_FALSE(message(waiting));
}

TEST_F(QueueTest, ForeignReportsChangeNothing) {
  QueueId mine = add("b@a.test");
  QueueId other = add("b@other.test");
  Lease lease1 = take();
  Report report{.lease = LeaseId(999'999),
                .destination_failed = true,
                .destination = "a.test",
                .is_last = true};
  for (QueueId id : {mine, other, QueueId{}, QueueId{77}}) {
    for (std::uint32_t index : {0U, 1U, UINT32_MAX}) {
      report.results.push_back(result(id, index, Outcome::delivered));
    }
  }
  EXPECT_TRUE(queue->report(report, now));
  report.lease = LeaseId{};
  EXPECT_TRUE(queue->report(report, now));
  report.lease = lease1.id;
  std::erase_if(report.results, [&](const Result& each) { return each.message == mine; });
  report.destination = "other.test";
  report.is_last = false;
  EXPECT_TRUE(queue->report(report, now));
  EXPECT_EQ(recipient(mine)->state, State::leased);
  EXPECT_EQ(recipient(other)->state, State::waiting);
  EXPECT_FALSE(queue->leased_message(lease1.id, other, now));
  EXPECT_FALSE(queue->leased_message(LeaseId{}, mine, now));
  EXPECT_EQ(take().destination, "other.test");
}

TEST_F(QueueTest, ExpiredMailFailsAndItsSenderIsTold) {
  QueueId id = add("b@a.test");
  say(take(), Outcome::temporary);
  now.seconds += options.lifetime.count();
  tend();
  auto record = recipient(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->state, State::failed);
  EXPECT_EQ(record->status, "4.4.7");
  EXPECT_EQ(record->diagnostic, "450 later");
  Lease notices = take();
  EXPECT_EQ(notices.kind, LeaseKind::notify);
  EXPECT_FALSE(lease());
  Change change = queue->change();
  std::uint32_t index = 0;
  EXPECT_FALSE(queue->end_notices(change, LeaseId(4), id, {&index, 1}, now));
  Change good = queue->change();
  auto about = queue->end_notices(good, notices.id, id, {&index, 1}, now);
  ASSERT_TRUE(about);
  EXPECT_EQ(about->envelope.mail_from, "a@ours.test");
  EXPECT_TRUE(queue->commit(good, now));
  expect_empty();
}

TEST_F(QueueTest, ADelayIsToldOnce) {
  QueueId id = add("b@a.test");
  QueueId silent = add("c@b.test", bits(Notify::failure));
  QueueId asked = add("d@c.test", bits(Notify::delay));
  now.seconds += options.delay_warning.count();
  tend();
  EXPECT_EQ(recipient(id)->delay, Delay::pending);
  EXPECT_EQ(recipient(silent)->delay, Delay::untold);
  EXPECT_EQ(recipient(asked)->delay, Delay::pending);
  Lease notices = take({.prefer = "", .most_messages = 1});
  while (notices.kind != LeaseKind::notify) notices = take({.most_messages = 1});
  std::uint32_t index = 0;
  Change change = queue->change();
  ASSERT_TRUE(queue->end_notices(change, notices.id, notices.messages[0].id, {&index, 1}, now));
  ASSERT_TRUE(queue->commit(change, now));
  EXPECT_EQ(recipient(notices.messages[0].id)->delay, Delay::told);
  now.seconds += 3600;
  tend();
  EXPECT_EQ(recipient(notices.messages[0].id)->delay, Delay::told);
}

TEST_F(QueueTest, ALeasedMessageExpiresAfterItsLease) {
  options.lifetime = std::chrono::minutes(10);
  options.delay_warning = seconds(0);
  reopen();
  QueueId id = add("b@a.test");
  now.seconds += 500;
  Lease away = take();
  now.seconds += 200;
  tend();
  EXPECT_EQ(recipient(id)->state, State::leased);
  now = away.expires;
  tend();
  EXPECT_EQ(recipient(id)->state, State::failed);
}

struct DsnRule {
  std::uint32_t notify;
  Outcome outcome;
  State left;
};

class DsnRules : public QueueTest, public testing::WithParamInterface<DsnRule> {};

// RFC 3461 sections 4.1 and 5.2: who is told what.
TEST_P(DsnRules, AreKept) {
  DsnRule rule = GetParam();
  QueueId id = add("b@a.test", rule.notify);
  say(take(), rule.outcome);
  auto record = recipient(id);
  EXPECT_EQ(record ? record->state : State::done, rule.left);
}

INSTANTIATE_TEST_SUITE_P(
    All, DsnRules,
    testing::Values(DsnRule{0, Outcome::permanent, State::failed},
                    DsnRule{bits(Notify::never), Outcome::permanent, State::done},
                    DsnRule{bits(Notify::success), Outcome::permanent, State::done},
                    DsnRule{bits(Notify::delay), Outcome::permanent, State::done},
                    DsnRule{bits(Notify::failure), Outcome::permanent, State::failed},
                    DsnRule{0, Outcome::delivered, State::done},
                    DsnRule{bits(Notify::success), Outcome::delivered, State::done},
                    DsnRule{0, Outcome::relayed, State::done},
                    DsnRule{bits(Notify::never), Outcome::relayed, State::done},
                    DsnRule{bits(Notify::failure), Outcome::relayed, State::done},
                    DsnRule{bits(Notify::success), Outcome::relayed, State::relayed},
                    DsnRule{bits(Notify::success), Outcome::temporary, State::waiting}));

TEST_F(QueueTest, ADoubleBounceIsDroppedAndCounted) {
  add({{.address = "b@a.test", .notify = bits(Notify::failure)}}, "");
  say(take(), Outcome::permanent);
  EXPECT_EQ(header().double_bounces, 1U);
  expect_empty();
  add({{.address = "b@a.test"}}, "");
  now.seconds += options.delay_warning.count();
  tend();
  EXPECT_EQ(take().kind, LeaseKind::send);
  EXPECT_FALSE(lease());
}

TEST_F(QueueTest, WhatIsDeliveredHereCanBeToldThroughTheQueue) {
  QueueId id =
      add({{.address = "b@ours.test", .notify = bits(Notify::success), .state = State::delivered}});
  Lease notices = take();
  EXPECT_EQ(notices.kind, LeaseKind::notify);
  EXPECT_EQ(notices.messages[0].recipients[0].second.state, State::delivered);
  // Given back without a notification: it comes again, later.
  EXPECT_TRUE(queue->report({.lease = notices.id, .is_last = true}, now));
  EXPECT_FALSE(lease());
  now.seconds += options.retry_first.count();
  EXPECT_EQ(take().messages[0].id, id);
}

// The last attempt is made when the time is over, and its failure is the end, whichever comes
// first: the report or the look at what has expired.
TEST_F(QueueTest, TheLastAttemptEndsTheMessage) {
  for (Outcome outcome : {Outcome::temporary, Outcome::not_tried}) {
    QueueId id = add("b@a.test");
    UnixTime expires = message(id)->expires;
    say(take(), Outcome::temporary);
    now = expires;
    Lease last = take({.prefer = "a.test", .only_preferred = true});
    tend();
    EXPECT_EQ(recipient(id)->state, State::leased);
    say(last, outcome);
    EXPECT_EQ(recipient(id)->state, State::failed);
    EXPECT_EQ(recipient(id)->status, "4.4.7");
    EXPECT_FALSE(lease({.prefer = "a.test", .only_preferred = true}));
    expect_sound();
  }
}

TEST_F(QueueTest, WhatWasNotTriedIsNotTriedAtOnce) {
  QueueId id = add("b@a.test");
  say(take(), Outcome::not_tried);
  EXPECT_FALSE(lease());
  EXPECT_EQ(recipient(id)->attempts, 0U);
  now.seconds += 10;
  Lease again = take();
  EXPECT_TRUE(queue->report({.lease = again.id, .is_last = true}, now));
  EXPECT_FALSE(lease());
  now.seconds += 10;
  EXPECT_TRUE(lease());
}

TEST_F(QueueTest, AFutureReleaseAndADeliverByAreKept) {
  Bytes content = "x";
  NewMessage message;
  message.envelope.mail_from = "a@ours.test";
  message.envelope.hold_until = {now.seconds + 1000};
  message.envelope.deliver_by = {now.seconds + 1500};
  message.envelope.deliver_by_return = true;
  message.blob = store::BlobId{crypto::sha256(content)};
  message.size = 1;
  message.recipients = {{.address = "b@a.test"}};
  QueueId id = add(message, content);
  EXPECT_FALSE(lease());
  now.seconds += 1000;
  say(take(), Outcome::not_tried);
  EXPECT_EQ(recipient(id)->attempts, 0U);
  now.seconds += 500;
  tend();
  EXPECT_EQ(recipient(id)->state, State::failed);
  EXPECT_EQ(recipient(id)->status, "5.4.7");
}

TEST_F(QueueTest, AnOriginalRecipientMayBeInUtf8) {
  QueueId id = add({{.address = "b@a.test", .orcpt = "utf-8;j\xc3\xb6rg@b.test"}});
  EXPECT_EQ(recipient(id)->orcpt, "utf-8;j\xc3\xb6rg@b.test");
  EXPECT_EQ(take().messages[0].recipients[0].second.orcpt, "utf-8;j\xc3\xb6rg@b.test");
  for (std::string_view bad : {"rfc822;j\xc3\xb6rg@b.test", "utf-8;\xc3@b.test", "utf-8;a\nb"}) {
    EXPECT_FALSE(is_valid_orcpt(bad));
  }
  expect_sound();
}

TEST_F(QueueTest, WrongMessagesAreRefused) {
  auto refused = [&](NewMessage message) {
    Change change = queue->change();
    return !queue->enqueue(change, message, now);
  };
  NewMessage good;
  good.envelope.mail_from = "a@ours.test";
  good.recipients = {{.address = "b@a.test"}};
  EXPECT_FALSE(refused(good));
  for (std::string address : {"", "b", "B@A.TEST\r\nX", "b@A.test", "<b@a.test>"}) {
    NewMessage bad = good;
    bad.recipients[0].address = address;
    EXPECT_TRUE(refused(bad)) << address;
    if (address.empty()) continue;
    bad = good;
    bad.envelope.mail_from = address;
    EXPECT_TRUE(refused(bad)) << address;
  }
  NewMessage bad = good;
  bad.recipients.clear();
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.recipients[0].orcpt = "rfc822;a\r\nRCPT TO:<x>";
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.envelope.dsn_envid = "a\nb";
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.recipients[0].state = State::failed;
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.recipients.resize(k_max_recipients + 1, good.recipients[0]);
  EXPECT_TRUE(refused(bad));
}

TEST_F(QueueTest, DamageStopsNobodyElse) {
  QueueId id = add("b@a.test");
  add("c@a.test");
  ASSERT_TRUE(memory.hooks->flip_bit(store::k_system_partition, recipient_key(id, 0)));
  Lease rest = take();
  ASSERT_EQ(rest.messages.size(), 1U);
  EXPECT_NE(rest.messages[0].id, id);
  // Written anew, so that the check at the end finds what the damage left, and no more.
  Change change = queue->change();
  change.remove(recipient_key(id, 0));
  auto broken = *queue->change().message(id);
  change.set_message(id, broken, std::nullopt);
  Header* counted = *change.header();
  --counted->messages;
  --counted->recipients;
  EXPECT_TRUE(queue->commit(change, now));
}

TEST(QueueOnDisk, GoesOnAfterARestart) {
  store::TestDirectory directory;
  UnixTime now{1'800'000'000};
  LeaseId lease;
  QueueId id;
  {
    auto store = store::open_rocksdb(
        {.directory = directory.path() + "/store", .create = store::Create::yes});
    ASSERT_TRUE(store);
    Queue queue(**store, {});
    NewMessage message;
    message.envelope.mail_from = "a@ours.test";
    message.blob = store::BlobId{crypto::sha256("x")};
    message.size = 1;
    message.recipients = {{.address = "b@a.test"}, {.address = "c@b.test"}};
    Change change = queue.change();
    id = *queue.enqueue(change, message, now);
    auto commit = queue.finish(change, now);
    commit->new_blobs.emplace_back(message.blob, "x");
    ASSERT_TRUE((*store)->commit(*commit));
    auto leased = queue.lease({.prefer = "a.test"}, now);
    ASSERT_TRUE(leased && *leased);
    lease = (*leased)->id;
  }
  auto store = store::open_rocksdb({.directory = directory.path() + "/store"});
  ASSERT_TRUE(store);
  Queue queue(**store, {});
  EXPECT_FALSE(*queue.lease({.prefer = "a.test", .only_preferred = true}, now));
  EXPECT_EQ((*queue.lease({}, now))->destination, "b.test");
  Report report{.lease = lease, .results = {}, .is_last = true};
  report.results.push_back({.message = id, .index = 0, .outcome = Outcome::delivered});
  EXPECT_TRUE(queue.report(report, now));
  EXPECT_FALSE(*queue.change().recipient(id, 0));
  EXPECT_TRUE(verify(**store, [](const store::Finding& finding) {
    ADD_FAILURE() << finding.where << ": " << finding.what;
  }));
}

}  // namespace
}  // namespace peregrine::queue
