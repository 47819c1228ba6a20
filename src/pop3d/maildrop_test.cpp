#include "pop3d/maildrop.h"

#include <gtest/gtest.h>

namespace peregrine::pop3d {
namespace {

Maildrop three() {
  Maildrop drop(UidValidity(7));
  drop.add(Uid(10), 100);
  drop.add(Uid(20), 200);
  drop.add(Uid(4294967295), 300);
  return drop;
}

TEST(Maildrop, NumbersStartAtOne) {
  Maildrop drop = three();
  EXPECT_EQ(drop.find(0), nullptr);
  ASSERT_NE(drop.find(1), nullptr);
  EXPECT_EQ(drop.find(1)->uid, Uid(10));
  EXPECT_EQ(drop.find(4), nullptr);
  EXPECT_EQ(drop.total().count, 3U);
  EXPECT_EQ(drop.total().size, 600U);
}

TEST(Maildrop, TheDeletedAreHiddenAndKeepTheirNumber) {
  Maildrop drop = three();
  EXPECT_TRUE(drop.mark_deleted(2));
  EXPECT_FALSE(drop.mark_deleted(2));
  EXPECT_EQ(drop.find(2), nullptr);
  EXPECT_EQ(drop.find(3)->uid, Uid(4294967295));
  EXPECT_EQ(drop.total().count, 2U);
  EXPECT_EQ(drop.deleted(), std::vector{Uid(20)});
  std::vector<std::uint32_t> shown;
  drop.for_each([&](std::uint32_t number, const auto&) { shown.push_back(number); });
  EXPECT_EQ(shown, (std::vector<std::uint32_t>{1, 3}));
}

TEST(Maildrop, ResetTakesTheMarksBack) {
  Maildrop drop = three();
  drop.mark_deleted(1);
  drop.reset();
  EXPECT_TRUE(drop.deleted().empty());
  EXPECT_EQ(drop.total().count, 3U);
}

TEST(Maildrop, UniqueIds) {
  Maildrop drop = three();
  EXPECT_EQ(drop.unique_id(*drop.find(1)), "7.10");
  EXPECT_EQ(drop.unique_id(*drop.find(3)), "7.4294967295");
}

}  // namespace
}  // namespace peregrine::pop3d
