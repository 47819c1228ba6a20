#include "core/bans.h"

#include <gtest/gtest.h>

#include "core/budgets.h"

namespace peregrine::core {
namespace {

using namespace std::chrono_literals;

class BansTest : public testing::Test {
 protected:
  BansTest() {
    settings_.bans.offences = 3;
    settings_.bans.time = 10min;
    settings_.bans.longest = 1h;
    settings_.smtp.trusted_networks = {{"198.51.100.0", 24}};
    settings_.listen.proxy_from = {{"203.0.113.7", 32}};
  }
  bool offend(std::string_view address, int times) {
    bool banned = false;
    for (int i = 0; i < times; ++i) banned = bans_.report(address, "test", now_);
    return banned;
  }

  config::Settings settings_;
  Bans bans_{settings_};
  Deadline now_ = Monotonic::now();
};

TEST_F(BansTest, EnoughOffencesBanForATime) {
  EXPECT_FALSE(offend("192.0.2.1", 2));
  EXPECT_FALSE(bans_.is_banned("192.0.2.1", now_));
  EXPECT_TRUE(offend("192.0.2.1", 1));
  EXPECT_TRUE(bans_.is_banned("192.0.2.1", now_));
  EXPECT_FALSE(bans_.is_banned("192.0.2.2", now_));
  EXPECT_FALSE(bans_.is_banned("192.0.2.1", now_ + 11min));
  EXPECT_TRUE(bans_.list(now_ + 11min).empty());
}

TEST_F(BansTest, ItGrowsUpToALimit) {
  for (auto [times, length] :
       {std::pair(1U, 10min), {2U, 20min}, {3U, 40min}, {4U, 60min}, {5U, 60min}}) {
    EXPECT_TRUE(offend("192.0.2.1", 3));
    const Ban& ban = bans_.list(now_).begin()->second;
    EXPECT_EQ(ban.times, times);
    EXPECT_EQ(ban.until - now_, length);
    now_ += length;
  }
  now_ += 25h;
  offend("192.0.2.1", 3);
  EXPECT_EQ(bans_.list(now_).begin()->second.times, 1U);
}

TEST_F(BansTest, OffencesAreForgottenAfterAnHour) {
  offend("192.0.2.1", 2);
  now_ += 61min;
  EXPECT_FALSE(offend("192.0.2.1", 2));
}

TEST_F(BansTest, AnIpv6CustomerIsOne) {
  offend("2001:db8::1", 1);
  offend("2001:db8::2", 1);
  EXPECT_TRUE(offend("2001:db8:0:0:ffff::", 1));
  EXPECT_TRUE(bans_.is_banned("2001:db8::77", now_));
  EXPECT_FALSE(bans_.is_banned("2001:db8:0:1::1", now_));
  EXPECT_EQ(network_text(bans_.list(now_).begin()->first), "2001:db8::/64");
  EXPECT_EQ(bans_.lift("2001:db8::/64", now_), true);
}

TEST_F(BansTest, SomeAreNeverBanned) {
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "::1", "198.51.100.9", "203.0.113.7", "", "nonsense"}) {
    EXPECT_FALSE(offend(address, 10)) << address;
    EXPECT_FALSE(bans_.add(address, 60s, now_)) << address;
  }
  EXPECT_TRUE(bans_.list(now_).empty());
  settings_.bans.enabled = false;
  EXPECT_FALSE(offend("192.0.2.1", 10));
  EXPECT_TRUE(bans_.add("192.0.2.1", 60s, now_)) << "an operator's own bans hold all the same";
}

TEST_F(BansTest, AnOperatorAddsAndLifts) {
  EXPECT_TRUE(bans_.add("192.0.2.1", 3600s, now_));
  EXPECT_TRUE(bans_.is_banned("192.0.2.1", now_ + 59min));
  EXPECT_EQ(bans_.lift("192.0.2.1", now_), true);
  EXPECT_EQ(bans_.lift("192.0.2.1", now_), false);
  EXPECT_FALSE(bans_.lift("x", now_));
  EXPECT_FALSE(bans_.add("192.0.2.1", std::chrono::hours(24 * 4000), now_));
  EXPECT_TRUE(bans_.add("192.0.2.1", 0s, now_));
  EXPECT_EQ(bans_.list(now_).begin()->second.until - now_, 10min);
}

TEST_F(BansTest, TheyStandInTheTable) {
  auto memory = sys::create_shared_memory(role::BanTable::k_words);
  ASSERT_TRUE(memory);
  crypto::SipKey key{3, 4};
  auto front = role::BanTable::open(*memory, key, sys::Access::read);
  bans_.add("192.0.2.1", 60s, now_);
  bans_.publish_to(role::BanTable::open(*memory, key, sys::Access::read_write).value());
  EXPECT_TRUE(front->holds(*network_of("192.0.2.1"), now_));
  offend("192.0.2.2", 3);
  EXPECT_TRUE(front->holds(*network_of("192.0.2.2"), now_));
  bans_.lift("192.0.2.2", now_);
  EXPECT_FALSE(front->holds(*network_of("192.0.2.2"), now_));
}

TEST_F(BansTest, TheyAreBounded) {
  for (std::size_t i = 0; i < Bans::k_most_bans + 100; ++i) {
    std::string address = "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) +
                          "." + std::to_string(i % 256);
    // The later, the longer.
    ASSERT_TRUE(bans_.add(address, std::chrono::seconds(60 + i), now_));
  }
  EXPECT_EQ(bans_.list(now_).size(), Bans::k_most_bans);
  EXPECT_FALSE(bans_.is_banned("10.0.0.0", now_)) << "the one that ends first made room";
}

TEST(Budgets, HoldForAnHour) {
  config::LimitSettings limits;
  limits.messages_per_address = 2;
  limits.recipients_per_address = 5;
  limits.unknown_recipients_per_address = 3;
  limits.bytes_per_address = 1000;
  Budgets budgets;
  Deadline now = Monotonic::now();
  auto network = *network_of("192.0.2.1");
  EXPECT_FALSE(budgets.charge(network, {.messages = 1}, limits, now).is_over);
  auto second =
      budgets.charge(network, {.messages = 1, .recipients = 3, .bytes = 400}, limits, now);
  EXPECT_FALSE(second.is_over);
  EXPECT_EQ(second.left.recipients, 2U);
  EXPECT_EQ(second.left.bytes, 600U);
  EXPECT_TRUE(budgets.charge(network, {.messages = 1}, limits, now).is_over);
  EXPECT_FALSE(budgets.charge(*network_of("192.0.2.2"), {.messages = 1}, limits, now).is_over);
  auto more =
      budgets.charge(network, {.recipients = 99, .unknown_recipients = UINT64_MAX}, limits, now);
  EXPECT_FALSE(more.is_over);
  EXPECT_EQ(more.left.recipients, 0U);
  budgets.charge(network, {.unknown_recipients = UINT64_MAX}, limits, now);
  EXPECT_EQ(budgets.charge(network, {}, limits, now).left.unknown_recipients, 0U);
  auto later = budgets.charge(network, {.messages = 1}, limits, now + 1h);
  EXPECT_FALSE(later.is_over);
  EXPECT_EQ(later.left.unknown_recipients, 3U);
}

TEST(Budgets, AreBounded) {
  Budgets budgets(100);
  Deadline now = Monotonic::now();
  config::LimitSettings limits;
  for (int i = 0; i < 1000; ++i) {
    budgets.charge(*network_of("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)),
                   {.messages = 1}, limits, now);
  }
  EXPECT_LE(budgets.size(), 100U);
}

}  // namespace
}  // namespace peregrine::core
