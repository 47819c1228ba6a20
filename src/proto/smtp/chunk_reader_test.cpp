#include "proto/smtp/chunk_reader.h"

#include <gtest/gtest.h>
#include <string>

#include "proto/smtp/chunk_reference.h"
#include "proto/smtp/data_refusal.h"
#include "proto/smtp/replies.h"

namespace peregrine::smtp {
namespace {

using namespace std::string_literals;

struct Outcome {
  Bytes message;
  DataFaults faults;
};

Outcome read(BytesView input, std::size_t step, ChunkLimits limits) {
  ChunkReader reader(limits);
  Outcome outcome;
  for (std::size_t at = 0; at < input.size(); at += step) {
    reader.feed(input.substr(at, step), outcome.message);
  }
  reader.finish(outcome.message);
  outcome.faults = reader.faults();
  return outcome;
}

ChunkLimits limits(bool is_binary = false) {
  return {.data = {.max_size = 1000}, .is_binary = is_binary};
}

TEST(SmtpChunks, AgreesWithTheReferenceOnEveryShortString) {
  constexpr std::string_view k_alphabet("\r\n.\0x", 5);
  std::string input;
  auto next = [&] {  // counts up, least significant character first
    for (char& c : input) {
      std::size_t digit = k_alphabet.find(c);
      c = k_alphabet[(digit + 1) % k_alphabet.size()];
      if (digit + 1 < k_alphabet.size()) return;
    }
    input += k_alphabet.front();
  };
  for (next(); input.size() <= 7 && !HasFailure(); next()) {
    for (bool is_binary : {false, true}) {
      for (std::size_t step : {input.size(), 1UL, 2UL}) {
        Outcome outcome = read(input, step, limits(is_binary));
        ASSERT_EQ(outcome.faults.bare_control, reference_has_bare_control(input, is_binary))
            << testing::PrintToString(input) << is_binary << step;
        if (outcome.faults.bare_control) continue;
        ASSERT_EQ(outcome.message, reference_message(input, is_binary));
      }
    }
  }
}

TEST(SmtpChunks, DotsMeanNothing) {
  EXPECT_EQ(read("a\r\n.\r\n..b\r\n", 3, limits()).message, "a\r\n.\r\n..b\r\n");
}

TEST(SmtpChunks, ABinaryBodyIsAnyOctets) {
  std::string text = "Subject: x\r\n\r\n\0\r\n.\n\r"s;
  EXPECT_EQ(read(text, 4, limits(true)).message, text);
  EXPECT_FALSE(read(text, 4, limits(true)).faults.any());
  EXPECT_TRUE(read(text, 4, limits(false)).faults.bare_control);
  // The header is lines all the same.
  EXPECT_TRUE(read("Subject: x\nBcc: y\r\n\r\n", 4, limits(true)).faults.bare_control);
}

TEST(SmtpChunks, LimitsHold) {
  for (std::size_t step : {1UL, 7UL, 999UL}) {
    ChunkLimits small{.data = {.max_size = 20, .max_line = 10}};
    Outcome over = read("12345678\r\n12345678\r\nx\r\n", step, small);
    EXPECT_TRUE(over.faults.too_big);
    EXPECT_EQ(over.message.size(), 20U);
    EXPECT_TRUE(read("123456789\r\n", step, small).faults.long_line);
    EXPECT_FALSE(read("12345678\r\n12345678", step, small).faults.long_line);
  }
}

}  // namespace
}  // namespace peregrine::smtp
