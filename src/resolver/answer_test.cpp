#include "resolver/answer.h"

#include <gtest/gtest.h>

namespace peregrine::resolver {
namespace {

Bytes number_16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

// A name without compression.
Bytes wire(std::string_view text) {
  Bytes out;
  while (!text.empty()) {
    std::string_view label = text.substr(0, text.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    text.remove_prefix(std::min(label.size() + 1, text.size()));
  }
  return out + '\0';
}

// Points to the question's name, behind the header.
const Bytes k_question_name("\xC0\x0C", 2);

Bytes record(const Bytes& owner, unsigned type, const Bytes& data, unsigned ttl = 60) {
  return owner + number_16(type) + number_16(1) + number_16(0) + number_16(ttl) +
         number_16(static_cast<unsigned>(data.size())) + data;
}

Bytes message(unsigned code, std::string_view name, const std::vector<Bytes>& answers) {
  Bytes out = number_16(1) + number_16(0x8180 | code) + number_16(1) +
              number_16(static_cast<unsigned>(answers.size())) + number_16(0) + number_16(0);
  out += wire(name) + number_16(15) + number_16(1);
  for (const Bytes& each : answers) out += each;
  return out;
}

constexpr unsigned k_a = 1, k_cname = 5, k_mx = 15, k_txt = 16;

TEST(Answer, ExpandsTheNamesInRecords) {
  Bytes host = number_16(10) + Bytes("\x02mx\xC0\x0C", 5);
  auto read = read_message(message(0, "a.example", {record(k_question_name, k_mx, host)}),
                           "a.example", RecordType::mx);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, MessageStatus::ok);
  ASSERT_EQ(read->records.size(), 1U);
  EXPECT_EQ(read->records[0], number_16(10) + wire("mx.a.example"));
  EXPECT_EQ(read->ttl, 60U);
  EXPECT_EQ(read->canonical_name, "");
}

TEST(Answer, FollowsAliasesInAnyOrderAndCase) {
  std::vector<Bytes> answers = {
      record(wire("C.example"), k_a, Bytes("\x7f\0\0\1", 4), 300),
      record(wire("b.Example"), k_cname, wire("c.example"), 30),
      record(wire("A.EXAMPLE"), k_cname, wire("B.example"), 90),
      record(wire("other.example"), k_a, Bytes("\x7f\0\0\2", 4), 5),
      record(wire("c.example"), k_txt, Bytes("\1x"), 5),
  };
  auto read = read_message(message(0, "a.example", answers), "a.example", RecordType::a);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->canonical_name, "c.example");
  EXPECT_EQ(read->ttl, 30U);
  ASSERT_EQ(read->records.size(), 1U);
  // Who asks for the alias itself gets it.
  read = read_message(message(0, "a.example", answers), "a.example", RecordType::cname);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->records, std::vector<Bytes>{wire("B.example")});
  EXPECT_EQ(read->canonical_name, "");
}

TEST(Answer, TellsNoDataFromNoName) {
  auto read = read_message(message(0, "a.example", {}), "a.example", RecordType::a);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, MessageStatus::no_data);
  read = read_message(message(3, "a.example", {}), "a.example", RecordType::a);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, MessageStatus::no_name);
  // RFC 6604 section 3: the code is that of the last name of the chain.
  read = read_message(
      message(3, "a.example", {record(k_question_name, k_cname, wire("gone.example"))}),
      "a.example", RecordType::a);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, MessageStatus::no_name);
  EXPECT_EQ(read->canonical_name, "gone.example");
  read = read_message(message(2, "a.example", {}), "a.example", RecordType::a);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, MessageStatus::failed);
}

TEST(Answer, AliasesInACircleAreRefused) {
  std::vector<Bytes> circle = {record(wire("a.example"), k_cname, wire("b.example")),
                               record(wire("b.example"), k_cname, wire("a.example"))};
  auto read = read_message(message(0, "a.example", circle), "a.example", RecordType::a);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), MessageError::alias_circle);
}

TEST(Answer, BoundsAreHeld) {
  Bytes address("\x7f\0\0\1", 4);
  std::vector<Bytes> many(k_most_records, record(k_question_name, k_a, address));
  EXPECT_TRUE(read_message(message(0, "a.example", many), "a.example", RecordType::a));
  many.push_back(many.front());
  auto read = read_message(message(0, "a.example", many), "a.example", RecordType::a);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), MessageError::too_many_records);
  Bytes large(k_largest_record, 'x');
  EXPECT_TRUE(read_message(message(0, "a.example", {record(k_question_name, k_txt, large)}),
                           "a.example", RecordType::txt));
  large += 'x';
  read = read_message(message(0, "a.example", {record(k_question_name, k_txt, large)}), "a.example",
                      RecordType::txt);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), MessageError::too_large);
}

TEST(Answer, PointersLeadBackwardsOnly) {
  for (Bytes pointer : {Bytes("\xC0\xFF", 2), Bytes("\xC0\x1B", 2), Bytes("\xFF\xFF", 2),
                        Bytes("\1a\xC0", 3), Bytes("\x80", 1), Bytes("\x40z", 2)}) {
    auto read = read_message(message(0, "a.example", {record(pointer, k_a, Bytes(4, '\1'))}),
                             "a.example", RecordType::a);
    EXPECT_FALSE(read);
  }
  // A label before a pointer to its own start, which would grow for ever.
  Bytes self = message(0, "a.example", {record(Bytes("\1a\xC0\x1B", 4), k_a, Bytes(4, '\1'))});
  EXPECT_FALSE(read_message(self, "a.example", RecordType::a));
}

TEST(Answer, NamesOutgrowingTheirBoundAreRefused) {
  // Each name is a label of 63 in front of the one before: the fifth is too long.
  Bytes label = '\x3f' + Bytes(63, 'a');
  Bytes all = message(0, "a.example", {});
  all[7] = 5;
  std::size_t before = 12;
  for (int i = 0; i < 5; ++i) {
    std::size_t here = all.size();
    all += record(label + number_16(0xC000U | static_cast<unsigned>(before)), k_a, Bytes(4, '\1'));
    before = here;
  }
  EXPECT_FALSE(read_message(all, "a.example", RecordType::a));
}

TEST(Answer, EveryCutIsMalformedOrWhole) {
  Bytes whole = message(0, "a.example",
                        {record(k_question_name, k_cname, wire("b.example")),
                         record(wire("b.example"), k_mx, number_16(1) + wire("c.example"))});
  ASSERT_TRUE(read_message(whole, "a.example", RecordType::mx));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_message(BytesView(whole).substr(0, size), "a.example", RecordType::mx));
  }
}

TEST(Answer, NameTextEscapesWhatIsNoHostName) {
  EXPECT_EQ(name_text(wire("Mx.Example")), "mx.example");
  EXPECT_EQ(name_text(Bytes("\0", 1)), "");
  EXPECT_EQ(name_text(Bytes("\3a.b\0", 5)), "a\\046b");
  EXPECT_EQ(name_text(Bytes("\2\x00\xff\0", 4)), "\\000\\255");
  EXPECT_FALSE(name_text(""));
  EXPECT_FALSE(name_text("\1a"));
  EXPECT_FALSE(name_text(Bytes("\0x", 2)));
  EXPECT_FALSE(name_text(Bytes("\xC0\x0C", 2)));
}

}  // namespace
}  // namespace peregrine::resolver
