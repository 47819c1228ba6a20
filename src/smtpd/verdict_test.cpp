#include "smtpd/verdict.h"

#include <gtest/gtest.h>

#include "api/client.h"

namespace peregrine::smtpd {
namespace {

TEST(Verdict, RepliesToRcpt) {
  EXPECT_EQ(reply_to(api::RECIPIENT_LOCAL).code, 250);
  EXPECT_EQ(reply_to(api::RECIPIENT_UNKNOWN).status, (smtp::EnhancedStatus{5, 1, 1}));
  EXPECT_EQ(reply_to(api::RECIPIENT_NOT_LOCAL).status, (smtp::EnhancedStatus{5, 7, 1}));
  EXPECT_EQ(reply_to(api::RECIPIENT_OVER_QUOTA).status, (smtp::EnhancedStatus{4, 2, 2}));
  EXPECT_EQ(reply_to(api::RECIPIENT_NEEDS_RELAY).code, 451);
  EXPECT_EQ(reply_to(api::RECIPIENT_NO_SPACE).code, 452);
}

// What this build has no name for, and no answer at all, must not lose mail: the client tries
// again.
TEST(Verdict, TheUnknownIsTemporary) {
  EXPECT_EQ(reply_to(api::RECIPIENT_UNSPECIFIED).code, 451);
  EXPECT_EQ(reply_to(static_cast<api::RecipientVerdict>(99)).code, 451);
  EXPECT_EQ(reply_to(api::DELIVER_UNSPECIFIED).code, 451);
  EXPECT_EQ(reply_to(rpc::CallFailure{}).code, 451);
}

TEST(Verdict, FailedDeliveries) {
  EXPECT_EQ(reply_to(api::DELIVER_OVER_QUOTA).code, 452);
  EXPECT_EQ(reply_to(api::DELIVER_NO_SPACE).code, 452);
  EXPECT_EQ(reply_to(api::DELIVER_FAILED).code, 451);
  EXPECT_EQ(reply_to(api::DELIVER_UNKNOWN).code, 550);
  rpc::CallFailure full{.kind = rpc::CallFailure::Kind::refused,
                        .code = static_cast<std::uint16_t>(api::ErrorCode::no_space)};
  EXPECT_EQ(reply_to(full).code, 452);
}

TEST(Verdict, OnlyGuessesCountAgainstTheClient) {
  EXPECT_TRUE(is_refused_for_good(api::RECIPIENT_UNKNOWN));
  EXPECT_TRUE(is_refused_for_good(api::RECIPIENT_NOT_LOCAL));
  EXPECT_FALSE(is_refused_for_good(api::RECIPIENT_OVER_QUOTA));
}

}  // namespace
}  // namespace peregrine::smtpd
