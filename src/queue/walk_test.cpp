// What the queue keeps in mind of its own rows: ranges without places and open leases, against the
// rows themselves, over random work in which commits fail.
#include <gtest/gtest.h>
#include <random>

#include "queue/place_gaps.h"
#include "queue/queue_fixture.h"

namespace peregrine::queue {
namespace {

Row row(std::int64_t time, std::uint64_t message = 0) {
  return {{time}, QueueId(message), 0};
}

TEST(PlaceGaps, GrowByWalksThatMeet) {
  PlaceGaps gaps;
  EXPECT_FALSE(gaps.of("a"));
  gaps.learn("a", row(10), row(10));
  EXPECT_FALSE(gaps.of("a"));
  gaps.learn("a", row(10), row(50));
  gaps.learn("a", row(50), row(90));
  EXPECT_EQ(gaps.of("a")->begin, row(10));
  EXPECT_EQ(gaps.of("a")->end, row(90));
  gaps.learn("a", row(200), row(201));
  EXPECT_EQ(gaps.of("a")->end, row(90));  // the longer one
  gaps.learn("a", row(200), row(900));
  EXPECT_EQ(gaps.of("a")->begin, row(200));
  EXPECT_FALSE(gaps.of("b"));
  gaps.forget();
  EXPECT_FALSE(gaps.of("a"));
}

TEST(PlaceGaps, ANewPlaceLeavesTheLongerSide) {
  PlaceGaps gaps;
  gaps.learn("a", row(10), row(2000));
  gaps.add("a", row(12, 7));
  EXPECT_EQ(gaps.of("a")->begin, (Row{{12}, QueueId(7), 1}));
  EXPECT_EQ(gaps.of("a")->end, row(2000));
  gaps.add("a", row(1900));
  EXPECT_EQ(gaps.of("a")->end, row(1900));
  gaps.add("a", row(1900));
  gaps.add("a", row(5));
  EXPECT_EQ(gaps.of("a")->end, row(1900));
  // Without an end: a place soon is one that waits, a place late is a lease's end.
  gaps.learn("b", row(10), PlaceGaps::k_no_end);
  gaps.add("b", row(12));
  EXPECT_EQ(gaps.of("b")->end, PlaceGaps::k_no_end);
  gaps.add("b", row(1812));
  EXPECT_EQ(gaps.of("b")->end, row(1812));
}

class Walk : public QueueTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  std::string address() {
    const char* domains[] = {"a.test", "b.test", "c.test"};
    return "x@" + std::string(domains[random() % std::size(domains)]);
  }
  void act() {
    switch (random() % 8) {
      case 0:
      case 1:
        add({{.address = address()}, {.address = address()}});
        break;
      case 2:
      case 3:
        if (auto taken = lease({.most_messages = 1 + random() % 3})) leases.push_back(*taken);
        break;
      case 4:
      case 5:
        end_one();
        break;
      case 6:
        now.seconds +=
            static_cast<std::int64_t>(random() % 3 == 0 ? random() % 2000 : random() % 3);
        break;
      case 7:
        fail_something();
        break;
    }
  }
  void end_one() {
    if (leases.empty()) return;
    std::size_t place = random() % leases.size();
    Outcome outcomes[] = {Outcome::delivered, Outcome::delivered, Outcome::temporary,
                          Outcome::not_tried};
    say(leases[place], outcomes[random() % std::size(outcomes)]);
    leases.erase(leases.begin() + static_cast<std::ptrdiff_t>(place));
  }
  /// Nothing of it is stored, and nothing of it may be remembered.
  void fail_something() {
    memory.hooks->fail_next_commit(store::StoreError::no_space);
    if (random() % 2 == 0 && !leases.empty()) {
      static_cast<void>(queue->report({.lease = leases.front().id, .is_last = true}, now));
    } else {
      static_cast<void>(queue->lease({}, now));
    }
    // When there was nothing to commit, this fails instead.
    for (bool is_over = false; !is_over;) {
      Change change = queue->change();
      EXPECT_TRUE(queue->trace(change, TraceId(1), {"tried", "", {}}, now));
      is_over = queue->commit(change, now).has_value();
    }
  }

  std::mt19937 random{GetParam()};
  std::vector<Lease> leases;
};

TEST_P(Walk, FindsEveryPlace) {
  options.leases_per_destination = 3;
  options.lifetime = std::chrono::days(300);
  options.delay_warning = std::chrono::seconds(0);
  reopen();
  for (int i = 0; i < 400; ++i) {
    act();
    if (i % 10 == 0) expect_sound();
    if (HasFailure()) return;
  }
  // All of it leaves in the end.
  for (int i = 0; i < 2000 && header().messages > 0; ++i) {
    if (auto taken = lease()) {
      say(*taken, Outcome::delivered);
    } else {
      now.seconds += 600;
    }
  }
  expect_sound();
  expect_empty();
}

INSTANTIATE_TEST_SUITE_P(Seeds, Walk, ::testing::Range(1U, 21U));

}  // namespace
}  // namespace peregrine::queue
