#include "front/admission.h"

#include <gtest/gtest.h>

#include "role/control.h"

namespace peregrine::front {
namespace {

constexpr crypto::SipKey k_key{1, 2};

sys::SocketAddress peer(std::string_view text) {
  return sys::SocketAddress::parse(text).value();
}

TEST(Admission, FrontsCountTogether) {
  auto table = sys::create_shared_memory(2 * role::k_count_columns);
  ASSERT_TRUE(table);
  Admission one(*table, k_key, 0);
  Admission two(*table, k_key, 1);
  config::LimitSettings limits;
  limits.connections = 4;
  limits.connections_per_address = 2;
  EXPECT_EQ(one.enter(peer("192.0.2.1:1"), limits), AdmissionVerdict::admitted);
  EXPECT_EQ(two.enter(peer("192.0.2.1:2"), limits), AdmissionVerdict::admitted);
  EXPECT_EQ(one.enter(peer("192.0.2.1:3"), limits), AdmissionVerdict::too_many_from_address);
  EXPECT_EQ(two.enter(peer("192.0.2.1:4"), limits), AdmissionVerdict::too_many_from_address);
  EXPECT_EQ(one.enter(peer("[2001:db8::1]:1"), limits), AdmissionVerdict::admitted);
  EXPECT_EQ(one.enter(peer("[2001:db8::2]:1"), limits), AdmissionVerdict::admitted);
  EXPECT_EQ(two.enter(peer("198.51.100.1:1"), limits), AdmissionVerdict::too_many_in_all);
  // The other holds all places, and this one less than its share.
  EXPECT_EQ(one.enter_share(peer("198.51.100.1:1"), limits), AdmissionVerdict::too_many_in_all);
  EXPECT_EQ(two.enter_share(peer("198.51.100.1:1"), limits), AdmissionVerdict::admitted);
  two.leave(peer("198.51.100.1:1"));
  two.leave(peer("192.0.2.1:2"));
  EXPECT_EQ(one.enter(peer("[2001:db8::3]:1"), limits), AdmissionVerdict::too_many_from_address);
  EXPECT_EQ(one.enter(peer("192.0.2.1:5"), limits), AdmissionVerdict::admitted);
  EXPECT_EQ(one.open(), 4U);
  EXPECT_EQ(two.open(), 0U);
  // A front that starts again has no connection left.
  Admission again(*table, k_key, 0);
  EXPECT_EQ(two.enter(peer("192.0.2.1:6"), limits), AdmissionVerdict::admitted);
  EXPECT_EQ(two.open(), 1U);
}

TEST(Admission, CountsForItselfWithoutATable) {
  Admission alone(sys::Fd(), k_key, 3);
  config::LimitSettings limits;
  limits.connections = 1;
  EXPECT_EQ(alone.enter(peer("192.0.2.1:1"), limits), AdmissionVerdict::admitted);
  EXPECT_EQ(alone.enter(peer("192.0.2.2:1"), limits), AdmissionVerdict::too_many_in_all);
  alone.leave(peer("192.0.2.1:1"));
  EXPECT_EQ(alone.enter(peer("192.0.2.2:1"), limits), AdmissionVerdict::admitted);
}

}  // namespace
}  // namespace peregrine::front
