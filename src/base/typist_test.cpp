#include "base/typist.h"

#include <gtest/gtest.h>

namespace peregrine {
namespace {

using namespace std::chrono_literals;

class TypistTest : public testing::Test {
 protected:
  /// A line that comes `after` the answer before it, whole.
  Bytes line(std::chrono::milliseconds after, Bytes bytes = "NOOP\r\n") {
    now_ += after;
    typist_.receive(bytes, false, now_);
    typist_.answered(now_);
    return bytes;
  }

  Typist typist_;
  Deadline now_ = Monotonic::now();
};

TEST_F(TypistTest, AProgramIsNeverAsked) {
  typist_.answered(now_);
  typist_.first_line_took(100ms);
  for (int i = 0; i < 100; ++i) line(50ms);
  EXPECT_FALSE(typist_.should_ask());
}

TEST_F(TypistTest, OneDelayIsNoSuspicion) {
  typist_.answered(now_);
  line(10s);
  EXPECT_FALSE(typist_.should_ask());
  line(10ms);
  EXPECT_FALSE(typist_.should_ask());
}

TEST_F(TypistTest, PaceMakesASuspect) {
  typist_.answered(now_);
  typist_.first_line_took(5s);
  EXPECT_FALSE(typist_.should_ask());
  line(2s);
  EXPECT_TRUE(typist_.should_ask());
  EXPECT_FALSE(typist_.is_proven());
  typist_.asked();
  EXPECT_FALSE(typist_.should_ask());
}

TEST_F(TypistTest, SoDoKeys) {
  typist_.answered(now_);
  Bytes key = "N";
  typist_.receive(key, false, now_);
  for (int i = 0; i < 2; ++i) {
    now_ += 300ms;
    typist_.receive(key, true, now_);
  }
  EXPECT_TRUE(typist_.should_ask());
}

TEST_F(TypistTest, TheAnswerIsProofAndNoPartOfALine) {
  for (const char* answer : {"\xff\xfb\x06", "\xff\xfc\x06"}) {
    Typist typist;
    typist.asked();
    Bytes bytes = Bytes(answer) + "QUIT\r\n";
    typist.receive(bytes, false, now_);
    EXPECT_TRUE(typist.is_proven());
    EXPECT_EQ(bytes, "QUIT\r\n");
  }
  Typist pieces;
  pieces.asked();
  for (const char* piece : {"\xff", "\xfb", "\x06"}) {
    Bytes bytes = piece;
    EXPECT_FALSE(pieces.is_proven());
    pieces.receive(bytes, false, now_);
    EXPECT_EQ(bytes, "");
  }
  EXPECT_TRUE(pieces.is_proven());
}

TEST_F(TypistTest, NothingElseIsAnAnswer) {
  Bytes bytes = "\xff\xfb\x06";
  typist_.receive(bytes, false, now_);
  EXPECT_FALSE(typist_.is_proven()) << "nobody asked";
  EXPECT_EQ(bytes.size(), 3U);
  typist_.asked();
  bytes = "\xff\xfd\x06NOOP\r\n";
  typist_.receive(bytes, false, now_);
  EXPECT_FALSE(typist_.is_proven());
  EXPECT_EQ(bytes, "\xff\xfd\x06NOOP\r\n");
  bytes = "\xff\xff\xfb";
  typist_.receive(bytes, false, now_);
  EXPECT_EQ(bytes, "\xff") << "the rest may still become an answer";
  bytes = "x";
  typist_.receive(bytes, false, now_);
  EXPECT_EQ(bytes, "\xff\xfbx");
}

}  // namespace
}  // namespace peregrine
