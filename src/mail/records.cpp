#include "mail/records.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/result.h"
#include "mail/mailbox_name.h"
#include "mail/search_index.h"

namespace peregrine::mail {
namespace {

using directory::begin_record;
using directory::fields_of;

constexpr std::uint8_t k_version = 1;
constexpr std::unexpected k_malformed{RecordError::malformed};

/// Dates as unsigned numbers, small for small distances from 1970.
std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

UnixTime take_date(Decoder& in) {
  std::int64_t seconds = unzigzag(in.varint());
  if (seconds > k_max_date || seconds < -k_max_date) in.fail();
  return {seconds};
}

std::uint32_t take_u32(Decoder& in) {
  return static_cast<std::uint32_t>(in.varint(UINT32_MAX));
}

MessageId take_message(Decoder& in) {
  MessageId id(in.varint(k_max_message_id));
  if (id.is_none()) in.fail();
  return id;
}

void put_blob(Encoder& out, const store::BlobId& blob) {
  out.raw(blob.bytes());
}

store::BlobId take_blob(Decoder& in) {
  store::BlobId blob;
  BytesView bytes = in.raw(blob.digest.size());
  std::ranges::transform(bytes, blob.digest.begin(),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  return blob;
}

void put_optional_blob(Encoder& out, const std::optional<store::BlobId>& blob) {
  out.boolean(blob.has_value());
  if (blob) put_blob(out, *blob);
}

std::optional<store::BlobId> take_optional_blob(Decoder& in) {
  if (!in.boolean()) return std::nullopt;
  return take_blob(in);
}

}  // namespace

Bytes encode(const AccountHeader& record) {
  Encoder out = begin_record(k_version);
  out.varint(record.next_mailbox.value).varint(record.next_message.value);
  out.varint(record.highest_modseq.value).varint(record.last_uid_validity);
  out.varint(record.index_next.value).varint(record.next_block.value);
  return out.take();
}

Decoded<AccountHeader> decode_header(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  AccountHeader record;
  record.next_mailbox = MailboxId(take_u32(in));
  record.next_message = take_message(in);
  record.highest_modseq = ModSeq(in.varint(INT64_MAX));
  record.last_uid_validity = take_u32(in);
  record.index_next = take_message(in);
  record.next_block = BlockId(take_u32(in));
  bool valid = !record.next_mailbox.is_none() && !record.highest_modseq.is_none() &&
               !record.next_block.is_none() && record.index_next <= record.next_message;
  if (!in.done() || !valid) return k_malformed;
  return record;
}

Bytes encode(const MailboxRecord& record) {
  Encoder out = begin_record(k_version);
  out.bytes(record.name).varint(record.uid_validity.value);
  out.u8(std::to_underlying(record.use)).boolean(record.no_select);
  out.varint(record.keywords.size());
  for (const std::string& keyword : record.keywords) out.bytes(keyword);
  return out.take();
}

Decoded<MailboxRecord> decode_mailbox(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  MailboxRecord record;
  record.name = in.bytes(k_max_name_record);
  record.uid_validity = UidValidity(take_u32(in));
  std::uint8_t use = in.u8();
  record.no_select = in.boolean();
  std::size_t count = in.count();
  if (!in.ok() || count > k_max_keywords || record.uid_validity.is_none() ||
      use > std::to_underlying(SpecialUse::archive) || !is_normal_name(record.name)) {
    return k_malformed;
  }
  record.use = static_cast<SpecialUse>(use);
  for (std::size_t i = 0; i < count; ++i) {
    BytesView keyword = in.bytes(k_max_keyword_bytes);
    if (!is_keyword(keyword)) in.fail();
    record.keywords.emplace_back(keyword);
  }
  if (!in.done()) return k_malformed;
  return record;
}

Bytes encode(const Counters& record) {
  Encoder out = begin_record(k_version);
  out.varint(record.uid_next.value).varint(record.messages).varint(record.unseen);
  out.varint(record.deleted).varint(record.size).varint(record.highest_modseq.value);
  out.varint(record.log_floor.value);
  return out.take();
}

Decoded<Counters> decode_counters(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  Counters record;
  record.uid_next = Uid(take_u32(in));
  record.messages = take_u32(in);
  record.unseen = take_u32(in);
  record.deleted = take_u32(in);
  record.size = in.varint();
  record.highest_modseq = ModSeq(in.varint(INT64_MAX));
  record.log_floor = ModSeq(in.varint(INT64_MAX));
  bool valid = record.messages < record.uid_next.value && record.unseen <= record.messages &&
               record.deleted <= record.messages && record.log_floor <= record.highest_modseq;
  if (!in.done() || !valid) return k_malformed;
  return record;
}

Bytes encode(const Entry& record) {
  Encoder out = begin_record(k_version);
  out.varint(record.message.value).u8(record.flags.bits).varint(record.keywords);
  out.varint(record.modseq.value).varint(zigzag(record.internal_date.seconds));
  out.varint(record.saved).varint(record.size);
  return out.take();
}

Decoded<Entry> decode_entry(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  Entry record;
  record.message = take_message(in);
  record.flags.bits = in.u8();
  record.keywords = in.varint();
  record.modseq = ModSeq(in.varint(INT64_MAX));
  record.internal_date = take_date(in);
  record.saved = take_u32(in);
  record.size = take_u32(in);
  if (!in.done() || (record.flags.bits & ~k_all_flag_bits) != 0 || record.modseq.is_none()) {
    return k_malformed;
  }
  return record;
}

Bytes encode(const MessageRecord& record) {
  Encoder out = begin_record(k_version);
  put_blob(out, record.blob);
  out.varint(record.size).varint(record.thread.value);
  put_optional_blob(out, record.summary.blob);
  if (!record.summary.blob) out.bytes(record.summary.inline_bytes);
  put_optional_blob(out, record.text_blob);
  return out.take();
}

Decoded<MessageRecord> decode_message(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  MessageRecord record;
  record.blob = take_blob(in);
  record.size = in.varint(k_max_message_size);
  record.thread = MessageId(in.varint(k_max_message_id));
  record.summary.blob = take_optional_blob(in);
  if (!record.summary.blob) record.summary.inline_bytes = in.bytes(k_max_inline);
  record.text_blob = take_optional_blob(in);
  if (!in.done()) return k_malformed;
  return record;
}

Bytes encode(const ExpungedRecord& record) {
  Encoder out = begin_record(k_version);
  out.varint(zigzag(record.when.seconds)).varint(record.uids.size());
  std::uint32_t after = 0;
  for (const UidRange& range : record.uids) {
    out.varint(range.first.value - after).varint(range.count);
    after = range.first.value + range.count;
  }
  return out.take();
}

Decoded<ExpungedRecord> decode_expunged(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  ExpungedRecord record;
  record.when = take_date(in);
  std::size_t count = in.count();
  std::uint64_t after = 0;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::uint64_t first = after + take_u32(in);
    std::uint32_t length = take_u32(in);
    // A gap of 0 is only the first range's: ranges that touch are one.
    if (first <= (i == 0 ? 0 : after) || length == 0 || first + length > UINT32_MAX)
      return k_malformed;
    record.uids.push_back({Uid(static_cast<std::uint32_t>(first)), length});
    after = first + length;
  }
  if (!in.done() || record.uids.empty()) return k_malformed;
  return record;
}

Bytes encode(const BlockRecord& record) {
  Encoder out = begin_record(k_version);
  out.varint(record.messages.size());
  std::uint64_t last = 0;
  for (MessageId message : record.messages) {
    out.varint(message.value - last);
    last = message.value;
  }
  return out.take();
}

Decoded<BlockRecord> decode_block(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  std::size_t count = in.count();
  if (!in.ok() || count == 0 || count > k_block_messages) return k_malformed;
  BlockRecord record;
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    last += take_message(in).value;
    if (!in.ok() || last > k_max_message_id) return k_malformed;
    record.messages.emplace_back(last);
  }
  if (!in.done()) return k_malformed;
  return record;
}

Bytes encode_marker() {
  return begin_record(k_version).take();
}

Decoded<bool> decode_marker(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  if (!fields.empty()) return k_malformed;
  return true;
}

Bytes encode_references(std::uint32_t count) {
  Encoder out = begin_record(k_version);
  out.varint(count);
  return out.take();
}

Decoded<std::uint32_t> decode_references(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  std::uint32_t count = take_u32(in);
  // A message with one entry has no such record.
  if (!in.done() || count < 2) return k_malformed;
  return count;
}

Bytes encode_bytes(BytesView bytes) {
  Encoder out = begin_record(k_version);
  out.raw(bytes);
  return out.take();
}

Decoded<BytesView> decode_bytes(BytesView bytes) {
  return fields_of(bytes);
}

std::vector<UidRange> to_ranges(const std::vector<Uid>& uids) {
  std::vector<UidRange> out;
  for (Uid uid : uids) {
    if (!out.empty() && out.back().first.value + out.back().count == uid.value) {
      ++out.back().count;
    } else {
      out.push_back({uid, 1});
    }
  }
  return out;
}

}  // namespace peregrine::mail
