#include "model/summary.h"

#include <functional>
#include <gtest/gtest.h>

#include "base/codec.h"

namespace peregrine {
namespace {

constexpr std::uint64_t k_raw_size = 1000;

Part leaf(std::uint32_t parent, std::uint64_t header, std::uint64_t body, std::uint64_t size) {
  Part part;
  part.parent = parent;
  part.header_offset = header;
  part.body_offset = body;
  part.body_size = size;
  return part;
}

/// A multipart with a text and a message that encloses a text; everything is filled in somewhere.
MessageSummary sample() {
  MessageSummary summary;
  summary.size = k_raw_size;
  summary.header_size = 100;
  summary.sent = UnixTime{-5};
  summary.sent_zone_minutes = -90;
  summary.defects = 0x80000001;
  summary.envelope.date = "date";
  summary.envelope.subject = "";
  summary.envelope.from = {{"Name", "a", "b.example"}, {std::nullopt, "c", ""}};
  summary.envelope.sender = summary.envelope.from;
  summary.envelope.reply_to = {{std::nullopt, "r", "b.example"}};
  summary.envelope.to = {{std::nullopt, "group", std::nullopt},
                         {"", "d", "e"},
                         {std::nullopt, std::nullopt, std::nullopt}};
  summary.envelope.message_id = "<id>";
  Part root = leaf(0, 0, 100, 900);
  root.kind = PartKind::multipart;
  root.type = "multipart";
  root.subtype = "mixed";
  root.parameters = {{"boundary", "x"}, {"name*", "\xC3\xA4"}};
  root.lines = 30;
  Part text = leaf(0, 110, 120, 80);
  text.id = "<1>";
  text.description = "d";
  text.encoding = "7bit";
  text.disposition = "inline";
  text.disposition_parameters = {{"filename", ""}};
  text.md5 = "m";
  text.location = "l";
  text.language = {"en", "de"};
  Part message = leaf(0, 210, 220, 700);
  message.kind = PartKind::message;
  message.type = "message";
  message.subtype = "rfc822";
  message.envelope.emplace().cc = {{"x", "y", "z"}};
  summary.parts = {root, text, message, leaf(2, 220, 220, 700)};
  return summary;
}

using Decoded = std::expected<MessageSummary, SummaryError>;

Decoded decode_changed(const std::function<void(MessageSummary&)>& change,
                       const SummaryLimits& limits = {}) {
  MessageSummary summary = sample();
  change(summary);
  return decode_summary(encode_summary(summary), k_raw_size, limits);
}

TEST(Summary, ReadsBackWhatItWrote) {
  auto decoded = decode_changed([](MessageSummary&) {});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, sample());
  auto unsent = decode_changed([](MessageSummary& s) { s.sent.reset(), s.sent_zone_minutes = 0; });
  ASSERT_TRUE(unsent);
  EXPECT_EQ(unsent->sent, std::nullopt);
}

TEST(Summary, KeepsItsRecordFormat) {
  MessageSummary summary;
  summary.size = 3;
  summary.header_size = 2;
  summary.sent = UnixTime{1};
  summary.sent_zone_minutes = -1;
  summary.envelope.subject = "s";
  summary.envelope.from = {{std::nullopt, "m", "h"}};
  summary.envelope.sender = summary.envelope.from;
  summary.parts = {leaf(0, 0, 2, 1)};
  // docs/format/summary.md: a change here is a new version.
  EXPECT_EQ(to_hex(encode_summary(summary)),
            "01"
            "03"
            "02"
            "01"
            "02"
            "01"
            "00"  // version, sizes, date, defects
            "12"
            "0173"
            "01"
            "06"
            "016d"
            "0168"  // envelope: bits, subject, from
            "00"
            "00"
            "00"
            "00"  // reply-to, to, cc, bcc
            "01"
            "00"
            "00"
            "00"
            "02"
            "01"
            "00"  // one part
            "0474657874"
            "05706c61696e"
            "00"  // text/plain
            "00"
            "00"
            "00");  // bits, disposition parameters, language
}

TEST(Summary, RefusesEveryTruncationAndTail) {
  Bytes record = encode_summary(sample());
  for (std::size_t n = 0; n < record.size(); ++n) {
    EXPECT_FALSE(decode_summary(record.substr(0, n), k_raw_size)) << n;
  }
  EXPECT_EQ(decode_summary(record + "x", k_raw_size).error(), SummaryError::malformed);
  record[0] = 2;
  EXPECT_EQ(decode_summary(record, k_raw_size).error(), SummaryError::unknown_version);
}

TEST(Summary, TakesEveryDamagedByte) {
  Bytes record = encode_summary(sample());
  for (std::size_t i = 0; i < record.size(); ++i) {
    for (char c : {'\0', '\x01', '\x7F', '\x80', '\xFF'}) {
      Bytes damaged = record;
      damaged[i] = c;
      auto decoded = decode_summary(damaged, k_raw_size);
      if (!decoded) continue;
      EXPECT_EQ(decode_summary(encode_summary(*decoded), k_raw_size), *decoded);
    }
  }
}

TEST(Summary, RefusesWhatCannotBe) {
  const std::function<void(MessageSummary&)> k_changes[] = {
      [](auto& s) { s.size = 999; },
      [](auto& s) { s.header_size = 99; },
      [](auto& s) { s.parts.clear(); },
      [](auto& s) { s.parts[0].body_size = 901; },
      [](auto& s) { s.parts[0].header_offset = 1; },
      [](auto& s) { s.parts[0].parent = 1; },
      [](auto& s) { s.parts[1].parent = 1; },
      [](auto& s) { s.parts[1].parent = 3; },
      [](auto& s) { s.parts[1].body_size = 881; },
      [](auto& s) { s.parts[1].body_size = UINT64_MAX; },
      [](auto& s) { s.parts[1].body_offset = 1001; },
      [](auto& s) { s.parts[1].header_offset = 99; },
      [](auto& s) { s.parts[1].lines = 81; },
      [](auto& s) { s.parts[1].type = ""; },
      [](auto& s) { s.parts[1].type = "multipart"; },
      [](auto& s) { s.parts[1].envelope.emplace(); },
      [](auto& s) { s.parts[1].body_size = 200; },  // overlaps the next
      [](auto& s) { s.parts[0].kind = PartKind::leaf; },
      [](auto& s) { s.parts[2].envelope.reset(); },
      [](auto& s) { s.parts[2].subtype = "partial"; },
      [](auto& s) { s.parts[3].header_offset = 221; },
      [](auto& s) { s.parts[3].parent = 1; },
      [](auto& s) { s.parts.push_back(leaf(2, 920, 920, 0)); },
      [](auto& s) { s.parts.push_back(leaf(0, 300, 310, 0)); },
      [](auto& s) { s.parts.pop_back(); },
  };
  int number = 0;
  for (const auto& change : k_changes) {
    auto decoded = decode_changed(change);
    EXPECT_TRUE(!decoded && decoded.error() != SummaryError::over_limit) << number;
    ++number;
  }
}

TEST(Summary, RefusesStringsThatBreakLines) {
  for (const char* bad : {"a\rb", "a\nb"}) {
    EXPECT_EQ(decode_changed([bad](auto& s) { s.envelope.subject = bad; }).error(),
              SummaryError::malformed);
    EXPECT_EQ(decode_changed([bad](auto& s) { s.parts[0].parameters[0].value = bad; }).error(),
              SummaryError::malformed);
  }
  EXPECT_FALSE(decode_changed([](auto& s) { s.parts[1].id = std::string(1, '\0'); }));
}

TEST(Summary, RefusesDatesOutsideTheCalendar) {
  for (std::int64_t seconds : {INT64_MIN, INT64_MAX, std::int64_t{253402400000}}) {
    EXPECT_FALSE(decode_changed([seconds](auto& s) { s.sent = UnixTime{seconds}; }));
  }
  EXPECT_FALSE(decode_changed([](auto& s) { s.sent_zone_minutes = 1440; }));
}

TEST(Summary, KeepsItsLimits) {
  SummaryLimits limits;
  limits.parts = 3;
  EXPECT_EQ(decode_changed([](auto&) {}, limits).error(), SummaryError::over_limit);
  limits = {};
  limits.addresses = 2;
  EXPECT_EQ(decode_changed([](auto&) {}, limits).error(), SummaryError::over_limit);
  limits = {};
  limits.encoded_bytes = 10;
  EXPECT_EQ(decode_changed([](auto&) {}, limits).error(), SummaryError::over_limit);
  // A small record cannot become large in memory, whatever its lists say.
  auto many = [](auto& s) { s.parts[1].parameters.assign(70000, Parameter{}); };
  EXPECT_EQ(decode_changed(many).error(), SummaryError::over_limit);
  auto copies = [](auto& s) {
    for (Part& part : s.parts) part.parameters.assign(16000, Parameter{});
    s.envelope.from.assign(2000, EnvelopeAddress{});
    s.envelope.sender = s.envelope.reply_to = s.envelope.from;
  };
  EXPECT_EQ(decode_changed(copies).error(), SummaryError::over_limit);
}

TEST(Summary, RefusesTooDeepATree) {
  MessageSummary summary;
  summary.size = k_raw_size;
  summary.parts = {leaf(0, 0, 0, 1000)};
  for (std::uint32_t i = 0; i < 300; ++i) {
    summary.parts.back().kind = PartKind::multipart;
    summary.parts.back().type = "multipart";
    summary.parts.push_back(leaf(i, 0, 0, 1000));
  }
  EXPECT_EQ(decode_summary(encode_summary(summary), k_raw_size).error(),
            SummaryError::inconsistent);
}

}  // namespace
}  // namespace peregrine
