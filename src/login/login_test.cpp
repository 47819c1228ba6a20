#include <gtest/gtest.h>

#include "login/attempts.h"

namespace peregrine::login {
namespace {

using namespace std::chrono_literals;

TEST(Attempts, EachFailureWaitsLonger) {
  EXPECT_EQ(pause_after(1), 500ms);
  EXPECT_EQ(pause_after(2), 1s);
  EXPECT_EQ(pause_after(3), 2s);
  EXPECT_EQ(pause_after(1000), 8s);
}

}  // namespace
}  // namespace peregrine::login
