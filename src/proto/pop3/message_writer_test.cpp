#include "proto/pop3/message_writer.h"

#include <gtest/gtest.h>
#include <string>

#include "proto/pop3/message_reference.h"

namespace peregrine::pop3 {
namespace {

Bytes written(BytesView message, std::size_t step, std::optional<std::uint32_t> body_lines) {
  MessageWriter writer = body_lines ? MessageWriter::top(*body_lines) : MessageWriter::whole();
  Bytes out;
  for (std::size_t i = 0; i < message.size() && !writer.done(); i += step) {
    writer.feed(message.substr(i, step), out);
  }
  writer.finish(out);
  return out;
}

TEST(Pop3Writer, StuffsDotsAndEndsTheResponse) {
  EXPECT_EQ(written("A: b\r\n\r\n.\r\n..x\r\ny", 99, {}), "A: b\r\n\r\n..\r\n...x\r\ny\r\n.\r\n");
  EXPECT_EQ(written("", 99, {}), ".\r\n");
}

TEST(Pop3Writer, SendsTheTop) {
  BytesView message = "A: b\r\n\r\none\r\n\r\nthree\r\n";
  EXPECT_EQ(written(message, 99, 0), "A: b\r\n\r\n.\r\n");
  EXPECT_EQ(written(message, 99, 1), "A: b\r\n\r\none\r\n.\r\n");
  EXPECT_EQ(written(message, 99, 2), "A: b\r\n\r\none\r\n\r\n.\r\n");
  EXPECT_EQ(written(message, 99, UINT32_MAX), Bytes(message) + ".\r\n");
  EXPECT_EQ(written("A: b", 99, 0), "A: b\r\n.\r\n");
}

TEST(Pop3Writer, LetsNoLoneControlOut) {
  EXPECT_EQ(written(BytesView("a\nb\rc\r\r\nd\0\n.\n", 13), 99, {}),
            "a\r\nb\r\nc\r\n\r\nd?\r\n..\r\n.\r\n");
}

TEST(Pop3Writer, AgreesWithTheReferenceOnEveryShortString) {
  constexpr std::string_view k_alphabet("\r\n.\0x", 5);
  std::string input;
  auto next = [&] {
    for (char& c : input) {
      std::size_t digit = k_alphabet.find(c);
      c = k_alphabet[(digit + 1) % k_alphabet.size()];
      if (digit + 1 < k_alphabet.size()) return;
    }
    input += k_alphabet.front();
  };
  for (next(); input.size() <= 7 && !HasFailure(); next()) {
    for (std::optional<std::uint32_t> lines : {std::optional<std::uint32_t>(), {0U}, {1U}, {2U}}) {
      Bytes expected = reference_write(input, lines);
      EXPECT_EQ(written(input, 99, lines), expected) << testing::PrintToString(input);
      EXPECT_EQ(written(input, 1, lines), expected) << testing::PrintToString(input);
    }
  }
}

}  // namespace
}  // namespace peregrine::pop3
