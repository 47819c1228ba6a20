#include "role/message_room.h"

#include <gtest/gtest.h>
#include <vector>

#include "role/receive_rate.h"

namespace peregrine::role {
namespace {

// A small room of 8 MiB with 2 MiB for a client, a large one of 56 MiB with 16 MiB for a client.
constexpr MessageRoom::Limits k_limits{.bytes = mib(64), .message = mib(10)};

TEST(MessageRoom, CountsWhatIsHeldAndForgetsItWithTheMessage) {
  MessageRoom room(k_limits);
  {
    HeldMessage one = room.hold("a");
    HeldMessage two = room.hold("a");
    EXPECT_TRUE(one.grow_to(100));
    EXPECT_TRUE(one.grow_to(mib(1)));
    EXPECT_TRUE(one.grow_to(50));
    EXPECT_TRUE(two.grow_to(kib(64)));
    EXPECT_EQ(room.bytes(), mib(1) + kib(64));
    HeldMessage moved = std::move(two);
    EXPECT_EQ(room.bytes(), mib(1) + kib(64));
    moved = std::move(one);
    EXPECT_EQ(room.bytes(), mib(1));
  }
  EXPECT_EQ(room.bytes(), 0U);
}

TEST(MessageRoom, GivesAClientAQuarter) {
  MessageRoom room(k_limits);
  HeldMessage one = room.hold("a");
  HeldMessage two = room.hold("a");
  HeldMessage other = room.hold("b");
  EXPECT_TRUE(one.grow_to(mib(10)));
  EXPECT_TRUE(two.grow_to(mib(6)));
  EXPECT_TRUE(two.fits(mib(6)));
  EXPECT_FALSE(two.fits(mib(6) + 1));
  EXPECT_FALSE(two.grow_to(mib(6) + 1));
  EXPECT_TRUE(two.is_refused());
  EXPECT_TRUE(other.grow_to(mib(10)));
  EXPECT_EQ(room.bytes(), mib(20));
}

TEST(MessageRoom, StaysRefusedAndHoldsNothing) {
  MessageRoom room(k_limits);
  HeldMessage held = room.hold("a");
  EXPECT_TRUE(held.grow_to(mib(16)));
  EXPECT_FALSE(held.grow_to(mib(17)));
  EXPECT_EQ(room.bytes(), 0U);
  EXPECT_FALSE(held.fits(1));
  EXPECT_FALSE(held.grow_to(1));
  EXPECT_TRUE(room.hold("a").grow_to(mib(16)));
}

TEST(MessageRoom, LetsSmallMessagesPassWhenLargeOnesHoldAllElse) {
  MessageRoom room(k_limits);
  std::vector<HeldMessage> held;
  for (const char* client : {"a", "b", "c"}) {
    held.push_back(room.hold(client));
    ASSERT_TRUE(held.back().grow_to(mib(16)));
  }
  held.push_back(room.hold("d"));
  ASSERT_TRUE(held.back().grow_to(mib(8)));
  EXPECT_EQ(room.bytes(), mib(56));
  HeldMessage late = room.hold("e");
  EXPECT_TRUE(late.grow_to(kib(64)));
  EXPECT_FALSE(late.grow_to(kib(64) + 1));
  // One that holds all of its share sends ordinary mail all the same.
  EXPECT_TRUE(room.hold("a").grow_to(kib(64)));
}

TEST(MessageRoom, SmallMessagesOfOneClientLeaveRoomForThoseOfOthers) {
  MessageRoom room(k_limits);
  std::vector<HeldMessage> held;
  std::size_t count = 0;
  while (true) {
    held.push_back(room.hold("a"));
    if (!held.back().grow_to(kib(64))) break;
    ++count;
  }
  // 2 MiB of the small room, then 16 MiB of the large one.
  EXPECT_EQ(count, (mib(2) + mib(16)) / kib(64));
  EXPECT_TRUE(room.hold("b").grow_to(kib(64)));
}

TEST(MessageRoom, HasNoShareForTheUnixSocketButABound) {
  MessageRoom room(k_limits);
  HeldMessage one = room.hold("");
  EXPECT_TRUE(one.grow_to(mib(56)));
  EXPECT_FALSE(one.grow_to(mib(56) + 1));
}

TEST(MessageRoom, OneMessageOfTheLargestSizeAlwaysFitsAlone) {
  MessageRoom room({.bytes = mib(8), .message = mib(8)});
  HeldMessage one = room.hold("a");
  EXPECT_TRUE(one.grow_to(mib(8)));
  HeldMessage two = room.hold("b");
  EXPECT_FALSE(two.grow_to(mib(1)));
}

TEST(MessageRoom, TakesNewLimitsForWhatComes) {
  MessageRoom room(k_limits);
  HeldMessage one = room.hold("a");
  EXPECT_TRUE(one.grow_to(mib(16)));
  room.set_limits({.bytes = mib(8), .message = mib(2)});
  EXPECT_EQ(room.bytes(), mib(16));
  HeldMessage two = room.hold("b");
  EXPECT_FALSE(two.grow_to(mib(1)));
  EXPECT_FALSE(one.grow_to(mib(16) + 1));
  EXPECT_TRUE(room.hold("b").grow_to(mib(1)));
}

TEST(ReceiveRate, EachWindowMustBringItsBytes) {
  Deadline start{std::chrono::seconds(1000)};
  auto at = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  ReceiveRate rate(100, start);
  EXPECT_EQ(rate.deadline(), at(60));
  rate.take(5999, at(30));
  EXPECT_EQ(rate.deadline(), at(60));
  rate.take(1, at(50));
  EXPECT_EQ(rate.deadline(), at(110));
  // What came fast before does not count for later.
  rate.take(mib(50), at(51));
  EXPECT_EQ(rate.deadline(), at(111));
  rate.take(10, at(100));
  EXPECT_EQ(rate.deadline(), at(111));
}

}  // namespace
}  // namespace peregrine::role
