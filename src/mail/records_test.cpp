#include "mail/records.h"

#include <gtest/gtest.h>

#include "mail/mailbox_name.h"
#include "mail/search_index.h"
#include "mail/view.h"

namespace peregrine::mail {
namespace {

template <class T>
void expect_round_trip(const T& record, auto decode) {
  Bytes bytes = encode(record);
  auto decoded = decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, record);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode(BytesView(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode(bytes + '\0'));
  bytes.front() = 2;
  EXPECT_EQ(decode(bytes).error(), RecordError::newer_format);
}

TEST(Records, RoundTrip) {
  expect_round_trip(AccountHeader{MailboxId{7}, MessageId{1000}, ModSeq{99}, 1'700'000'000,
                                  MessageId{5}, BlockId{2}},
                    decode_header);
  expect_round_trip(
      MailboxRecord{"Work/2024", UidValidity{3}, SpecialUse::archive, true, {"$junk", "a"}},
      decode_mailbox);
  expect_round_trip(Counters{Uid{10}, 5, 4, 3, 123456, ModSeq{88}, ModSeq{7}}, decode_counters);
  expect_round_trip(Entry{MessageId{k_max_message_id}, FlagSet{0x1f}, ~std::uint64_t{0},
                          ModSeq{INT64_MAX}, UnixTime{-k_max_date}, 17, UINT32_MAX},
                    decode_entry);
  expect_round_trip(ExpungedRecord{UnixTime{5}, {{Uid{1}, 3}, {Uid{5}, 1}, {Uid{900}, 100}}},
                    decode_expunged);
  expect_round_trip(BlockRecord{{MessageId{1}, MessageId{5}, MessageId{6}}}, decode_block);
  MessageRecord message;
  message.blob.digest.fill(7);
  message.size = 1234;
  message.summary.inline_bytes = "summary";
  expect_round_trip(message, decode_message);
  message.summary = {{}, message.blob};
  message.text_blob = message.blob;
  expect_round_trip(message, decode_message);
}

TEST(Records, RefuseWhatCannotBe) {
  EXPECT_FALSE(decode_entry(encode(Entry{})));
  EXPECT_FALSE(
      decode_entry(encode(Entry{.message = MessageId{1}, .flags = {0x20}, .modseq = ModSeq{1}})));
  EXPECT_FALSE(decode_counters(encode(Counters{.uid_next = Uid{5}, .messages = 5})));
  EXPECT_FALSE(decode_counters(encode(Counters{.uid_next = Uid{9}, .messages = 5, .unseen = 6})));
  EXPECT_FALSE(decode_mailbox(encode(MailboxRecord{"a//b", UidValidity{1}})));
  EXPECT_FALSE(decode_mailbox(encode(MailboxRecord{"inbox", UidValidity{1}})));
  EXPECT_FALSE(decode_mailbox(encode(MailboxRecord{"a", UidValidity{0}})));
  EXPECT_FALSE(decode_mailbox(
      encode(MailboxRecord{"a", UidValidity{1}, SpecialUse::none, false, {"Upper"}})));
  EXPECT_FALSE(decode_expunged(encode(ExpungedRecord{UnixTime{}, {}})));
  EXPECT_FALSE(decode_expunged(encode(ExpungedRecord{UnixTime{}, {{Uid{1}, 2}, {Uid{3}, 1}}})));
  EXPECT_FALSE(decode_expunged(encode(ExpungedRecord{UnixTime{}, {{Uid{5}, UINT32_MAX - 4}}})));
  EXPECT_FALSE(decode_references(encode_references(1)));
}

TEST(Records, KeysSortAndParse) {
  EXPECT_LT(entry_key(MailboxId{1}, Uid{255}), entry_key(MailboxId{1}, Uid{256}));
  EXPECT_LT(entry_key(MailboxId{1}, Uid{UINT32_MAX}), entry_key(MailboxId{2}, Uid{1}));
  KeyRange range = mailbox_range(KeyFamily::entry, MailboxId{UINT32_MAX});
  EXPECT_LT(entry_key(MailboxId{UINT32_MAX}, Uid{UINT32_MAX}), range.end);
  auto parsed = parse_key(expunged_key(MailboxId{3}, ModSeq{1ULL << 40}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->first, 3U);
  EXPECT_EQ(parsed->second, 1ULL << 40);
  EXPECT_FALSE(parse_key(""));
  EXPECT_FALSE(parse_key(entry_key(MailboxId{1}, Uid{1}) + "x"));
  EXPECT_FALSE(parse_key("\x40"));
}

TEST(Records, ARowHoldsAllOfAnEntry) {
  Entry entry{MessageId{k_max_message_id - 5},
              {0x15},
              1ULL << 63,
              ModSeq{1ULL << 50},
              UnixTime{-1},
              4'000'000'000,
              3'000'000'000};
  EXPECT_EQ(Row(Uid{9}, entry).entry(), entry);
  entry.internal_date = {k_max_date};
  EXPECT_EQ(Row(Uid{9}, entry).entry(), entry);
}

TEST(MailboxNames, AreNormalised) {
  auto normal = [](std::string_view name) { return normalise_name(name).value_or("-"); };
  EXPECT_EQ(normal("inbox"), "INBOX");
  EXPECT_EQ(normal("iNbOx/Sub"), "INBOX/Sub");
  EXPECT_EQ(normal("inboxes"), "inboxes");
  EXPECT_EQ(normal("a\xcc\x88"), "\xc3\xa4");                 // NFD and NFC are one name
  EXPECT_EQ(normal("../../etc/passwd"), "../../etc/passwd");  // V28: data, not a path
  EXPECT_EQ(normal("a b&c~d"), "a b&c~d");
}

TEST(MailboxNames, RefusedOnes) {
  auto error = [](std::string_view name) { return normalise_name(name).error(); };
  EXPECT_EQ(error(""), NameError::empty);
  EXPECT_EQ(error("/a"), NameError::bad_structure);
  EXPECT_EQ(error("a/"), NameError::bad_structure);
  EXPECT_EQ(error("a//b"), NameError::bad_structure);
  for (std::string_view name :
       {std::string_view("a\0b", 3), std::string_view("a\r\nb"), std::string_view("a\x7f"),
        std::string_view("a\xc2\x85"), std::string_view("a\xe2\x80\xa8"), std::string_view("a*"),
        std::string_view("a%"), std::string_view("#news"), std::string_view("a\xff"),
        std::string_view("\xc0\xaf")}) {
    EXPECT_EQ(error(name), NameError::bad_character) << name;
  }
  EXPECT_EQ(error(std::string(256, 'a')), NameError::too_long);
  EXPECT_EQ(error(std::string(1001, 'a')), NameError::too_long);
  std::string deep = "a";
  for (int i = 0; i < 20; ++i) deep += "/a";
  EXPECT_EQ(error(deep), NameError::too_deep);
}

}  // namespace
}  // namespace peregrine::mail
