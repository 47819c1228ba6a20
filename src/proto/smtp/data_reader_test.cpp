#include "proto/smtp/data_reader.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "proto/smtp/data_reference.h"
#include "proto/smtp/data_refusal.h"
#include "proto/smtp/replies.h"

namespace peregrine::smtp {
namespace {

using namespace std::string_literals;

struct Outcome {
  Bytes message;
  DataFaults faults;
  bool done = false;
  std::size_t consumed = 0;
};

Outcome read(BytesView input, std::size_t step, DataLimits limits = {.max_size = 1000}) {
  Outcome outcome;
  DataReader reader(limits);
  while (!reader.done() && outcome.consumed < input.size()) {
    BytesView chunk = input.substr(outcome.consumed, step);
    std::size_t used = reader.feed(chunk, outcome.message);
    EXPECT_TRUE(used == chunk.size() || reader.done());
    outcome.consumed += used;
  }
  outcome.faults = reader.faults();
  outcome.done = reader.done();
  return outcome;
}

void expect_as_reference(const std::string& input, std::size_t step) {
  Outcome outcome = read(input, step);
  auto reference = reference_read(input);
  ASSERT_EQ(outcome.done, reference.has_value()) << testing::PrintToString(input);
  if (!reference) return;
  EXPECT_EQ(outcome.consumed, reference->consumed) << testing::PrintToString(input);
  EXPECT_EQ(outcome.message, reference->message) << testing::PrintToString(input);
  EXPECT_EQ(outcome.faults.bare_control, reference->bare_control) << testing::PrintToString(input);
}

TEST(SmtpData, AgreesWithTheReferenceOnEveryShortString) {
  // All strings of up to 8 of these, alone and with a proper end behind them.
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
  for (next(); input.size() <= 8 && !HasFailure(); next()) {
    expect_as_reference(input, input.size());
    expect_as_reference(input, 1);
    expect_as_reference(input + "\r\n.\r\nQUIT\r\n", 3);
  }
}

TEST(SmtpData, ReadsAnOrdinaryMessage) {
  Outcome outcome = read("Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n.\r\nQUIT\r\n", 99);
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.message, "Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n");
  EXPECT_FALSE(outcome.faults.any());
  EXPECT_EQ(outcome.consumed, 34U);
  EXPECT_EQ(read(".\r\n", 99).message, "");
  EXPECT_TRUE(read(".\r\n", 1).done);
}

// V12: twelve sequences that some server takes for the end of the message. Each stands alone and
// with commands behind it; nothing behind it is left over for the command reader, and the whole is
// refused.
TEST(SmtpData, IsNotEndedByASmuggledSequence) {
  const std::array k_sequences = {"\n.\n"s,       "\n.\r\n"s,     "\r\n.\n"s,     "\r.\r"s,
                                  "\r.\n"s,       "\n.\r"s,       "\r.\r\n"s,     "\r\n.\r"s,
                                  "\r\n.\r\r\n"s, "\r\r\n.\r\n"s, "\r\n\0.\r\n"s, "\r\n.\0\r\n"s};
  const std::string k_tail = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
  for (const std::string& sequence : k_sequences) {
    for (const std::string& tail : {""s, k_tail}) {
      for (std::size_t step : {1UL, 2UL, 99UL}) {
        Outcome outcome = read("text" + sequence + tail + "\r\n.\r\n", step);
        EXPECT_TRUE(outcome.done);
        EXPECT_TRUE(outcome.faults.bare_control) << testing::PrintToString(sequence);
        EXPECT_EQ(refusal(outcome.faults), k_reply_bare_control);
        // CR CR LF "." CR LF holds the five octets that end every message: the end is there, and
        // the refusal, which closes the connection, is what stops the tail.
        bool real_end = sequence == "\r\r\n.\r\n";
        EXPECT_EQ(outcome.consumed == 4 + sequence.size(), real_end);
      }
    }
  }
}

TEST(SmtpData, CountsAndDropsWhatIsOverTheLimit) {
  std::string body = std::string(98, 'x') + "\r\n";
  for (std::size_t step : {1UL, 7UL, 999UL}) {
    Outcome fits = read(body + ".\r\n", step, {.max_size = 100});
    EXPECT_FALSE(fits.faults.any());
    EXPECT_EQ(fits.message, body);
    Outcome over = read("x" + body + "..\r\n.\r\n", step, {.max_size = 100});
    EXPECT_TRUE(over.done);
    EXPECT_TRUE(over.faults.too_big);
    EXPECT_EQ(over.message.size(), 100U);
    EXPECT_EQ(refusal(over.faults), k_reply_too_big);
  }
  DataReader reader({.max_size = 10});
  Bytes out;
  reader.feed("..23456789\r\nabc\r\n.\r\n", out);
  EXPECT_EQ(reader.size(), 16U);
}

TEST(SmtpData, RemembersALongLine) {
  for (std::size_t step : {1UL, 5UL, 99UL}) {
    DataLimits limits{.max_size = 1000, .max_line = 10};
    EXPECT_FALSE(read("12345678\r\n.2345678\r\n.\r\n", step, limits).faults.long_line);
    EXPECT_TRUE(read("a\r\n123456789\r\n.\r\n", step, limits).faults.long_line);
    EXPECT_EQ(refusal(read("123456789\r\n.\r\n", step, limits).faults), k_reply_long_text_line);
  }
}

}  // namespace
}  // namespace peregrine::smtp
