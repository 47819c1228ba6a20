#include "text/saslprep.h"

#include <gtest/gtest.h>

namespace peregrine::text {
namespace {

// RFC 4013 section 3.
TEST(Saslprep, TheExamplesOfTheRfcHold) {
  EXPECT_EQ(saslprep("I\xc2\xadX"), "IX");
  EXPECT_EQ(saslprep("user"), "user");
  EXPECT_EQ(saslprep("USER"), "USER");
  EXPECT_EQ(saslprep("\xc2\xaa"), "a");
  EXPECT_EQ(saslprep("\xe2\x85\xa8"), "IX");
  EXPECT_EQ(saslprep("\x07"), std::nullopt);
  EXPECT_EQ(saslprep("\xd8\xa7\x31"), std::nullopt);
}

TEST(Saslprep, MapsSpacesAndComposes) {
  EXPECT_EQ(saslprep("a\xc2\xa0z"), "a z");
  EXPECT_EQ(saslprep("e\xcc\x81"), "\xc3\xa9");
}

TEST(Saslprep, RefusesWhatIsNoText) {
  EXPECT_EQ(saslprep(""), std::nullopt);
  EXPECT_EQ(saslprep("\xc2\xad"), std::nullopt);  // maps to nothing
  EXPECT_EQ(saslprep("\xff"), std::nullopt);
  EXPECT_EQ(saslprep("\xc3"), std::nullopt);
  EXPECT_EQ(saslprep(std::string(4097, 'a')), std::nullopt);
  // One ligature that becomes eighteen characters, as often as it fits.
  std::string longest;
  while (longest.size() + 3 <= 4096) longest += "\xef\xb7\xba";
  EXPECT_TRUE(saslprep(longest));
}

}  // namespace
}  // namespace peregrine::text
