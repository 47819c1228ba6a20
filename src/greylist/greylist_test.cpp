#include "greylist/greylist.h"

#include <gtest/gtest.h>

namespace peregrine::greylist {
namespace {

using std::chrono::seconds;

constexpr seconds k_delay{300};
constexpr UnixTime k_start{1'700'000'000};

UnixTime later(std::chrono::seconds span) {
  return UnixTime{k_start.seconds + span.count()};
}

Triplet triplet(std::string_view ip = "192.0.2.1", std::string domain = "remote.example",
                std::string recipient = "ann@example.test") {
  return {*network_of(ip), std::move(domain), std::move(recipient)};
}

class GreylistTest : public testing::Test {
 protected:
  GreylistTest() : store(store::open_memory()), list(*Greylist::open(*store)) {}

  seconds wait(const Triplet& who, UnixTime now) {
    auto answer = list->check(who, now, k_delay);
    EXPECT_TRUE(answer);
    return answer.value_or(seconds(-1));
  }

  std::unique_ptr<store::Store> store;
  std::unique_ptr<Greylist> list;
};

TEST_F(GreylistTest, ASecondAttemptAfterTheDelayPasses) {
  EXPECT_EQ(wait(triplet(), k_start), k_delay);
  EXPECT_EQ(wait(triplet(), later(seconds(100))), seconds(200));
  EXPECT_EQ(wait(triplet(), later(seconds(299))), seconds(1));
  EXPECT_EQ(wait(triplet(), later(seconds(300))), seconds(0));
  EXPECT_EQ(wait(triplet(), later(seconds(301))), seconds(0));
  EXPECT_EQ(list->size(), 1U);
}

TEST_F(GreylistTest, NeighboursAreTheSameAndOthersAreNot) {
  wait(triplet(), k_start);
  UnixTime now = later(k_delay);
  EXPECT_EQ(wait(triplet("192.0.2.200"), now), seconds(0));
  EXPECT_EQ(wait(triplet("192.0.3.1"), now), k_delay);
  EXPECT_EQ(wait(triplet("192.0.2.1", "other.example"), now), k_delay);
  EXPECT_EQ(wait(triplet("192.0.2.1", ""), now), k_delay);
  EXPECT_EQ(wait(triplet("192.0.2.1", "remote.example", "bob@example.test"), now), k_delay);
  wait(triplet("2001:db8:1:2::1"), k_start);
  EXPECT_EQ(wait(triplet("2001:db8:1:2:ffff::1"), now), seconds(0));
  EXPECT_EQ(wait(triplet("2001:db8:1:3::1"), now), k_delay);
}

TEST_F(GreylistTest, AnAttemptThatComesTooLateBeginsAnew) {
  wait(triplet(), k_start);
  EXPECT_EQ(wait(triplet(), later(k_window)), k_delay);
  EXPECT_EQ(wait(triplet(), later(k_window + k_delay)), seconds(0));
}

TEST_F(GreylistTest, WhoPassedIsRememberedAsLongAsMailComes) {
  wait(triplet(), k_start);
  wait(triplet(), later(k_delay));
  for (int day = 30; day <= 300; day += 30) {
    EXPECT_EQ(wait(triplet(), later(std::chrono::days(day))), seconds(0)) << day;
  }
  EXPECT_EQ(wait(triplet(), later(std::chrono::days(300 + 36))), k_delay);
}

TEST_F(GreylistTest, AClockSetBackDelaysOnceAtMost) {
  wait(triplet(), k_start);
  EXPECT_EQ(wait(triplet(), later(seconds(-5000))), k_delay);
  EXPECT_EQ(wait(triplet(), later(k_delay)), seconds(0));
}

TEST_F(GreylistTest, SurvivesANewStart) {
  wait(triplet(), k_start);
  list = *Greylist::open(*store);
  EXPECT_EQ(list->size(), 1U);
  EXPECT_EQ(wait(triplet(), later(k_delay)), seconds(0));
}

TEST_F(GreylistTest, WhenItIsFullStrangersPass) {
  list = *Greylist::open(*store, 2);
  EXPECT_EQ(wait(triplet("192.0.2.1"), k_start), k_delay);
  EXPECT_EQ(wait(triplet("192.0.3.1"), k_start), k_delay);
  EXPECT_EQ(wait(triplet("192.0.4.1"), k_start), seconds(0));
  EXPECT_EQ(list->size(), 2U);
  EXPECT_EQ(wait(triplet("192.0.3.1"), later(seconds(1))), k_delay - seconds(1));
}

TEST_F(GreylistTest, PurgeRemovesWhatIsOverInSteps) {
  for (int i = 0; i < 50; ++i) {
    std::string ip = "192.0." + std::to_string(i) + ".1";
    wait(triplet(ip), k_start);
    if (i % 5 == 0) wait(triplet(ip), later(k_delay));
  }
  EXPECT_EQ(list->size(), 50U);
  UnixTime now = later(k_window);
  for (int step = 0; step < 8; ++step) ASSERT_TRUE(list->purge(now, 7));
  EXPECT_EQ(list->size(), 10U);
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(list->purge(now, 7));
  EXPECT_EQ(list->size(), 10U);
  now = later(k_remembered + k_delay);
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(list->purge(now, 7));
  EXPECT_EQ(list->size(), 0U);
  EXPECT_EQ((*Greylist::open(*store))->size(), 0U);
}

TEST_F(GreylistTest, AMalformedRecordCountsAsNone) {
  store::Commit commit;
  commit.partitions.push_back(
      {store::k_system_partition, std::nullopt, {{key_of(triplet()), Bytes("\x01garbage")}}});
  ASSERT_TRUE(store->commit(commit));
  list = *Greylist::open(*store);
  EXPECT_EQ(wait(triplet(), k_start), k_delay);
  EXPECT_EQ(list->size(), 1U);
  EXPECT_EQ(wait(triplet(), later(k_delay)), seconds(0));
}

TEST(GreylistRecord, IsReadAsItWasWritten) {
  Record record{.first = k_start, .expires = later(seconds(5)), .has_passed = true};
  Bytes bytes = encode(record);
  EXPECT_EQ(decode(bytes), record);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode(bytes.substr(0, size)));
  EXPECT_FALSE(decode(bytes + "x"));
  bytes[0] = 2;
  EXPECT_FALSE(decode(bytes));
  EXPECT_FALSE(decode(encode({.first = later(seconds(1)), .expires = k_start})));
  EXPECT_FALSE(network_of("example"));
  EXPECT_FALSE(network_of(""));
}

}  // namespace
}  // namespace peregrine::greylist
