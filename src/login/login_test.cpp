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

TEST(Foreign, Utf8InAnArgumentIsNone) {
  EXPECT_FALSE(is_foreign("USER j\xc3\xb6s\r\n"));
  EXPECT_TRUE(is_foreign("\xc3\xb6\r\n"));
  EXPECT_TRUE(is_foreign("GET / HTTP/1.1\r\n"));
  EXPECT_FALSE(is_foreign("a NOOP\r\n"));
}

}  // namespace
}  // namespace peregrine::login
