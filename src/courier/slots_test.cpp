#include "courier/slots.h"

#include <gtest/gtest.h>
#include <list>
#include <vector>

#include "net/gate.h"

namespace peregrine::courier {
namespace {

class SlotsTest : public ::testing::Test {
 protected:
  Errand& errand(std::uint64_t id) {
    Errand& out = errands.emplace_back(loop);
    out.lease.set_lease(id);
    out.place = "d";
    return out;
  }
  /// Enters with an errand of that id; the outcome goes to `entries`.
  void enter(std::uint64_t id, std::uint32_t most) { gate.spawn(enter_with(errand(id), most)); }
  net::Task<void> enter_with(Errand& errand, std::uint32_t most) {
    entries.push_back(co_await slots.enter(errand, most, deadline_in(std::chrono::seconds(5))));
  }

  net::Loop loop;
  net::Gate gate{loop};
  Slots slots{loop};
  std::list<Errand> errands;
  std::vector<Entry> entries;
};

TEST_F(SlotsTest, LimitsOnConnectionsGrowBackSlowly) {
  for (std::uint64_t i = 0; i < 4; ++i) enter(i, 4);
  EXPECT_EQ(gate.running(), 0U);
  enter(5, 4);
  EXPECT_EQ(gate.running(), 1U);  // the fifth waits
  slots.leave("d", 4, Visit::too_many);
  EXPECT_EQ(slots.limit("d", 4), 2U);
  EXPECT_EQ(gate.running(), 1U);
  slots.leave("d", 4, Visit::neutral);
  slots.leave("d", 4, Visit::neutral);
  EXPECT_EQ(gate.running(), 0U);  // now it has a place
  slots.leave("d", 4, Visit::welcome);
  slots.leave("d", 4, Visit::welcome);
  EXPECT_EQ(slots.limit("d", 4), 3U);
  EXPECT_EQ(slots.known(), 1U);
  for (std::uint64_t i = 6; i < 9; ++i) {
    enter(i, 4);
    slots.leave("d", 4, Visit::welcome);
  }
  EXPECT_EQ(slots.limit("d", 4), 4U);
  EXPECT_EQ(slots.known(), 0U);
}

TEST_F(SlotsTest, WhoHasAConnectionTakesTheErrandOfTheOneWhoWaitsForIt) {
  enter(1, 1);
  EXPECT_EQ(slots.adopt("d"), nullptr);
  enter(2, 1);
  enter(3, 1);
  EXPECT_EQ(slots.adopt("other"), nullptr);
  Errand* adopted = slots.adopt("d");
  ASSERT_NE(adopted, nullptr);
  EXPECT_EQ(adopted->lease.lease(), 2U);
  slots.leave("d", 1, Visit::welcome);
  EXPECT_EQ(entries, (std::vector{Entry::entered, Entry::taken, Entry::entered}));
  slots.leave("d", 1, Visit::welcome);
  EXPECT_EQ(slots.known(), 0U);
}

TEST_F(SlotsTest, AnErrandWakesTheConnectionThatRestsThere) {
  enter(1, 2);
  enter(2, 2);
  int woken = 0;
  Slots::Idle first(slots, "d", [&] { ++woken; });
  Slots::Idle elsewhere(slots, "other", [] { FAIL(); });
  Slots::Idle second(slots, "d", [&] { ++woken; });
  enter(3, 2);
  EXPECT_EQ(entries.back(), Entry::taken);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(first.errand(), nullptr);
  ASSERT_NE(second.errand(), nullptr);
  EXPECT_EQ(second.errand()->lease.lease(), 3U);
  enter(4, 2);
  ASSERT_NE(first.errand(), nullptr);
  EXPECT_EQ(first.errand()->lease.lease(), 4U);
  enter(5, 2);
  EXPECT_EQ(gate.running(), 1U);  // both are at work
  EXPECT_EQ(woken, 2);
  slots.leave("d", 2, Visit::neutral);
  EXPECT_EQ(gate.running(), 0U);
}

TEST_F(SlotsTest, RoomIsMadeByTheOneThatHasRestedLongest) {
  int first_woken = 0;
  int second_woken = 0;
  Slots::Idle first(slots, "d", [&] { ++first_woken; });
  Slots::Idle second(slots, "e", [&] { ++second_woken; });
  slots.end_oldest_idle();
  EXPECT_EQ(first_woken, 1);
  EXPECT_EQ(second_woken, 0);
  EXPECT_EQ(first.errand(), nullptr);
  slots.end_oldest_idle();
  slots.end_oldest_idle();
  EXPECT_EQ(second_woken, 1);
}

TEST_F(SlotsTest, WhenItClosesNobodyWaits) {
  enter(1, 1);
  enter(2, 1);
  enter(3, 1);
  int woken = 0;
  Slots::Idle idle(slots, "other", [&] { ++woken; });
  EXPECT_EQ(gate.running(), 2U);
  slots.close();
  EXPECT_EQ(gate.running(), 0U);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(entries, (std::vector{Entry::entered, Entry::timed_out, Entry::timed_out}));
}

}  // namespace
}  // namespace peregrine::courier
