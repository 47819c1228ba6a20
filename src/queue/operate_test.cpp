// What operators see and do, stories, sender rewriting, and the check of what is stored.
#include "queue/queue_fixture.h"
#include "queue/srs.h"

namespace peregrine::queue {
namespace {

class QueueOperator : public QueueTest {
 protected:
  std::vector<QueueId> select(const Filter& filter) {
    std::vector<QueueId> out;
    QueueId from(1);
    while (!from.is_none()) {
      auto some = queue->select(filter, from, 2, 3);
      EXPECT_TRUE(some);
      if (!some) break;
      out.insert(out.end(), some->begin(), some->end());
      if (!filter.message.is_none()) break;
    }
    return out;
  }
  void operate(const Filter& filter, Action action, const std::string& route = {}) {
    std::vector<QueueId> ids = select(filter);
    EXPECT_TRUE(queue->operate(ids, filter, action, route, now));
  }
};

TEST_F(QueueOperator, FiltersSelect) {
  QueueId one = add({{.address = "b@a.test"}, {.address = "c@b.test"}}, "x@ours.test");
  QueueId two = add({{.address = "c@b.test"}}, "y@second.test", "too many");
  for (int i = 0; i < 10; ++i) add({{.address = "d@c.test"}}, "");
  EXPECT_EQ(select({}).size(), 12U);
  EXPECT_EQ(select({.message = two}), std::vector{two});
  EXPECT_EQ(select({.sender = "X@ours.test"}), std::vector{one});
  EXPECT_EQ(select({.sender = "@ours.test"}), std::vector{one});
  EXPECT_EQ(select({.sender = "<>"}).size(), 10U);
  EXPECT_EQ(select({.recipient = "c@b.test"}), (std::vector{one, two}));
  EXPECT_EQ(select({.destination = "A.test"}), std::vector{one});
  EXPECT_EQ(select({.only_held = true}), std::vector{two});
  EXPECT_TRUE(select({.only_failing = true}).empty());
  say(take({.prefer = "a.test", .only_preferred = true}), Outcome::temporary);
  EXPECT_EQ(select({.only_failing = true}), std::vector{one});
  auto shown = queue->describe(one, {.recipient = "@b.test"});
  ASSERT_TRUE(shown && *shown);
  EXPECT_EQ((*shown)->recipients.size(), 1U);
}

TEST_F(QueueOperator, HeldMailRestsUntilReleased) {
  QueueId id = add({{.address = "b@a.test"}}, "a@ours.test", "burst");
  EXPECT_FALSE(lease());
  now.seconds += 2 * options.lifetime.count();
  tend();
  EXPECT_EQ(recipient(id)->state, State::held);
  operate({.message = id}, Action::release);
  tend();
  EXPECT_EQ(take().messages[0].id, id);
  // On its way it can be held too; what the courier brings back rests.
  QueueId other = add("c@b.test");
  Lease away = take();
  operate({.message = other}, Action::hold);
  EXPECT_EQ(recipient(other)->state, State::leased);
  say(away, Outcome::temporary);
  EXPECT_EQ(recipient(other)->state, State::held);
  now.seconds += options.retry_longest.count() * 2;
  expect_sound();
  operate({.message = other}, Action::release);
  EXPECT_EQ(recipient(other)->state, State::waiting);
}

TEST_F(QueueOperator, ALostLeaseOfHeldMailIsNotTakenAgain) {
  QueueId id = add("b@a.test");
  Lease away = take();
  operate({.message = id}, Action::hold);
  now = away.expires;
  EXPECT_FALSE(lease());
  EXPECT_EQ(recipient(id)->state, State::held);
}

TEST_F(QueueOperator, RetryIsNowAlsoForARestingDestination) {
  QueueId id = add("b@a.test");
  fail_destination(take());
  EXPECT_FALSE(lease());
  operate({.message = id}, Action::retry);
  say(take(), Outcome::temporary);
  EXPECT_FALSE(lease());
  operate({.destination = "a.test"}, Action::retry);
  EXPECT_TRUE(lease());
}

TEST_F(QueueOperator, DropBounceAndRoute) {
  QueueId id = add({{.address = "b@a.test"}, {.address = "c@b.test"}, {.address = "d@c.test"}});
  operate({.recipient = "b@a.test"}, Action::drop);
  EXPECT_FALSE(recipient(id, 0));
  operate({.recipient = "c@b.test"}, Action::bounce);
  EXPECT_EQ(recipient(id, 1)->state, State::failed);
  operate({.recipient = "d@c.test"}, Action::route, "relay.test");
  EXPECT_EQ(recipient(id, 2)->destination, "relay.test");
  EXPECT_FALSE(queue->operate({&id, 1}, {}, Action::route, "Relay Test", now));
  expect_sound();
  operate({.message = id}, Action::drop);
  expect_empty();
}

TEST_F(QueueOperator, StoriesAreFoundByMessageAndAddressAndEnd) {
  TraceId trace(42);
  Change change = queue->change();
  ASSERT_TRUE(queue->trace(change, trace,
                           {"received", "from=x", {"A@there.test", "b@ours.test", "junk"}}, now));
  ASSERT_TRUE(queue->trace(change, trace, {"delivered", "to=b", {}}, now));
  ASSERT_TRUE(queue->trace(change, TraceId{}, {"received", "none", {}}, now));
  ASSERT_TRUE(queue->commit(change, now));
  auto events = events_of(*memory.store, trace);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[1].event, "delivered");
  Bytes position;
  EXPECT_EQ(*traces_of(*memory.store, "a@there.test", position, 10), std::vector{trace});
  EXPECT_TRUE(traces_of(*memory.store, "a@there.test", position, 10)->empty());
  expect_sound();
  now.seconds += options.trace_history.count() + 1;
  tend();
  EXPECT_TRUE(events_of(*memory.store, trace)->empty());
  position.clear();
  EXPECT_TRUE(traces_of(*memory.store, "a@there.test", position, 10)->empty());
}

TEST_F(QueueOperator, AStoryIsBounded) {
  Change change = queue->change();
  for (std::uint32_t i = 0; i < k_max_events + 50; ++i) {
    ASSERT_TRUE(queue->trace(change, TraceId(1), {"attempt", "x", {}}, now));
  }
  ASSERT_TRUE(queue->commit(change, now));
  auto events = events_of(*memory.store, TraceId(1));
  ASSERT_EQ(events->size(), k_max_events);
  EXPECT_EQ(events->back().event, "more");
}

TEST(Srs, LeadsBackAndCannotBeForged) {
  const Bytes secret(32, 'k');
  const UnixTime now{1'800'000'000};
  auto sender = *Address::parse("Bob=x@there.example");
  auto ours = rewrite_sender(sender, "ours.test", secret, now);
  ASSERT_TRUE(ours);
  EXPECT_TRUE(ours->to_string().starts_with("SRS0=")) << ours->to_string();
  EXPECT_EQ(ours->domain(), "ours.test");
  EXPECT_EQ(restore_sender(*ours, secret, now), sender);
  UnixTime late{now.seconds + 21 * 86400};
  EXPECT_EQ(restore_sender(*ours, secret, late), sender);
  late.seconds += 86400;
  EXPECT_FALSE(restore_sender(*ours, secret, late));
  EXPECT_FALSE(restore_sender(*ours, secret, {now.seconds - 86400}));
  EXPECT_FALSE(restore_sender(*ours, Bytes(32, 'j'), now));
  EXPECT_FALSE(restore_sender(*ours, {}, now));
  std::string text = ours->to_string();
  for (std::size_t i = 5; i < text.find('@'); ++i) {
    std::string forged = text;
    forged[i] = forged[i] == 'q' ? 'r' : 'q';
    auto address = Address::parse(forged);
    if (address) EXPECT_FALSE(restore_sender(*address, secret, now)) << forged;
  }
  for (const char* bad : {"SRS0=@ours.test", "SRS0=a=b=c=d@ours.test", "SRS1=x@ours.test",
                          "SRS0=aaaaaaaa=aa=there.example=bob@ours.test", "srs@ours.test"}) {
    EXPECT_FALSE(restore_sender(*Address::parse(bad), secret, now)) << bad;
  }
  // In another case of letters, as some write it back.
  auto upper = Address::parse(ascii_upper(text));
  ASSERT_TRUE(upper);
  auto restored = restore_sender(*upper, secret, now);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->key(), sender.key());
}

TEST(Srs, AForwardersOwnIsPassedOnAndLeadsBackToIt) {
  const Bytes secret(32, 'k'), other(32, 'o'), third(32, 't');
  const UnixTime now{1'800'000'000};
  auto sender = *Address::parse("b@a.example");
  auto first = *rewrite_sender(sender, "f.example", other, now);
  auto ours = rewrite_sender(first, "ours.test", secret, now);
  ASSERT_TRUE(ours);
  EXPECT_TRUE(ours->to_string().starts_with("SRS1="));
  EXPECT_EQ(restore_sender(*ours, secret, now), first);
  auto next = rewrite_sender(*ours, "third.test", third, now);
  ASSERT_TRUE(next);
  EXPECT_EQ(restore_sender(*next, third, now), first);
  EXPECT_EQ(restore_sender(first, other, now), sender);
  auto too_long = Address::parse(std::string(60, 'x') + "@long.example");
  EXPECT_FALSE(rewrite_sender(*too_long, "ours.test", secret, now));
  EXPECT_FALSE(rewrite_sender(*Address::parse("SRS1=nothing@x.example"), "ours.test", secret, now));
}

TEST_F(QueueTest, VerifyNamesWhatDoesNotHold) {
  QueueId id = add("b@a.test");
  const auto record = *recipient(id);
  const auto stored = *message(id);
  Row place{record.due, id, 0};
  const std::vector<Bytes> needed = {header_key(),
                                     message_key(id),
                                     recipient_key(id, 0),
                                     due_key("a.test", place),
                                     destination_key("a.test"),
                                     due_destination_key(record.due, "a.test"),
                                     timer_key(stored.timer, id)};
  for (const Bytes& key : needed) {
    auto value = *memory.store->get(store::k_system_partition, key);
    ASSERT_TRUE(value) << to_hex(key);
    auto write = [&](std::optional<Bytes> with) {
      store::Commit commit;
      commit.partitions.push_back({store::k_system_partition, std::nullopt, {{key, with}}});
      ASSERT_TRUE(memory.store->commit(commit));
    };
    write(std::nullopt);
    EXPECT_FALSE(findings().empty()) << to_hex(key);
    write("\x01junk");
    EXPECT_EQ(findings().empty(), parse_key(key)->family == KeyFamily::due ||
                                      parse_key(key)->family == KeyFamily::due_destination ||
                                      parse_key(key)->family == KeyFamily::timer)
        << to_hex(key);
    write(value);
    expect_sound();
  }
  store::Commit commit;
  commit.unlinks.push_back({stored.blob, store::k_system_partition, id.value});
  ASSERT_TRUE(memory.store->commit(commit));
  EXPECT_EQ(findings().size(), 1U);
  commit.links.swap(commit.unlinks);
  ASSERT_TRUE(memory.store->commit(commit));
}

TEST_F(QueueTest, DumpHasALineForEachRecord) {
  add("b@a.test");
  take();
  std::vector<std::string> lines;
  ASSERT_TRUE(dump(*memory.store, [&](std::string_view line) { lines.emplace_back(line); }));
  std::size_t records = 0;
  ASSERT_TRUE(memory.store->scan(store::k_system_partition, "q", "r", store::Scan::forward,
                                 [&](BytesView, BytesView) { return ++records != 0; }));
  EXPECT_EQ(lines.size(), records);
  for (const std::string& line : lines) {
    EXPECT_TRUE(line.starts_with("{\"record\":\"") && line.ends_with('}')) << line;
    EXPECT_FALSE(line.contains("malformed")) << line;
  }
}

}  // namespace
}  // namespace peregrine::queue
