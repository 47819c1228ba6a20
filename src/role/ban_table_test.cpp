#include "role/ban_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace peregrine::role {
namespace {

constexpr crypto::SipKey k_key{1, 2};

sys::SocketAddress ip(std::string_view text) {
  return sys::SocketAddress::parse_ip(text, 0).value();
}

TEST(BanTable, AFrontSeesWhatCoreWrites) {
  auto memory = sys::create_shared_memory(BanTable::k_words);
  ASSERT_TRUE(memory);
  auto readable = sys::read_only(*memory);
  ASSERT_TRUE(readable);
  auto core = BanTable::open(*memory, k_key, sys::Access::read_write);
  auto front = BanTable::open(*readable, k_key, sys::Access::read);
  ASSERT_TRUE(core && front);
  Deadline now = Monotonic::now();
  EXPECT_FALSE(front->holds(ip("192.0.2.1"), now));
  core->set(ip("192.0.2.1"), now + std::chrono::minutes(5));
  core->set(ip("2001:db8::"), now + std::chrono::minutes(5));
  EXPECT_TRUE(front->holds(ip("192.0.2.1"), now));
  EXPECT_TRUE(front->holds(ip("2001:db8::"), now));
  EXPECT_FALSE(front->holds(ip("192.0.2.2"), now));
  EXPECT_FALSE(front->holds(ip("192.0.2.1"), now + std::chrono::minutes(6)));
  core->set(ip("192.0.2.1"), now + std::chrono::minutes(10));
  EXPECT_TRUE(front->holds(ip("192.0.2.1"), now + std::chrono::minutes(6)));
  core->erase(ip("192.0.2.1"));
  EXPECT_FALSE(front->holds(ip("192.0.2.1"), now));
  core->clear();
  EXPECT_FALSE(front->holds(ip("2001:db8::"), now));
  // A front cannot lift a ban: its descriptor gives no memory that could be written.
  EXPECT_FALSE(BanTable::open(*readable, k_key, sys::Access::read_write));
}

TEST(BanTable, ManyBansStandAndTheTableKeepsItsSize) {
  auto memory = sys::create_shared_memory(BanTable::k_words);
  ASSERT_TRUE(memory);
  auto table = BanTable::open(*memory, k_key, sys::Access::read_write);
  ASSERT_TRUE(table);
  Deadline now = Monotonic::now();
  auto address = [](std::size_t i) {
    std::array<std::uint8_t, 4> bytes = {10, static_cast<std::uint8_t>(i >> 16),
                                         static_cast<std::uint8_t>(i >> 8),
                                         static_cast<std::uint8_t>(i)};
    return sys::SocketAddress::from_ip_bytes(bytes, 0);
  };
  constexpr std::size_t k_bans = 4096;
  for (std::size_t i = 0; i < k_bans; ++i) table->set(address(i), now + std::chrono::hours(1));
  std::size_t held = 0;
  for (std::size_t i = 0; i < k_bans; ++i) held += table->holds(address(i), now) ? 1 : 0;
  EXPECT_EQ(held, k_bans);
  for (std::size_t i = k_bans; i < 2 * k_bans; ++i) EXPECT_FALSE(table->holds(address(i), now));
}

TEST(BanTable, IsNotMadeOfOtherMemory) {
  auto small = sys::create_shared_memory(7);
  ASSERT_TRUE(small);
  EXPECT_FALSE(BanTable::open(*small, k_key, sys::Access::read_write));
  EXPECT_FALSE(BanTable::open(sys::Fd(), k_key, sys::Access::read));
}

}  // namespace
}  // namespace peregrine::role
