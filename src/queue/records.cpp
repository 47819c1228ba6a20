#include "queue/records.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace peregrine::queue {
namespace {

constexpr std::uint8_t k_version = 1;
constexpr std::size_t k_max_address = 512;
constexpr std::size_t k_secret_bytes = 32;
constexpr std::uint8_t k_tls_required = 1;
constexpr std::uint8_t k_tls_optional = 2;
constexpr std::int64_t k_max_time = std::int64_t{1} << 40;
constexpr std::unexpected k_malformed{RecordError::malformed};

Encoder begin_record() {
  Encoder out;
  out.u8(k_version);
  return out;
}

Decoded<BytesView> fields_of(BytesView record) {
  if (record.empty() || record.front() == 0) return k_malformed;
  if (static_cast<std::uint8_t>(record.front()) > k_version) {
    return std::unexpected(RecordError::newer_format);
  }
  return record.substr(1);
}

void put_time(Encoder& out, UnixTime time) {
  out.varint(static_cast<std::uint64_t>(time.seconds));
}

UnixTime take_time(Decoder& in) {
  return {static_cast<std::int64_t>(in.varint(k_max_time))};
}

std::uint32_t take_u32(Decoder& in) {
  return static_cast<std::uint32_t>(in.varint(UINT32_MAX));
}

/// Printable ASCII.
std::string take_text(Decoder& in, std::size_t most = k_max_text) {
  BytesView text = in.bytes(most);
  if (!std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; })) in.fail();
  return std::string(text);
}

/// An address in its canonical spelling.
std::string take_address(Decoder& in) {
  BytesView text = in.bytes(k_max_address);
  auto address = Address::parse(text);
  if (!address || address->to_string() != text) in.fail();
  return std::string(text);
}

std::string take_optional_address(Decoder& in) {
  return in.boolean() ? take_address(in) : std::string();
}

void put_optional_address(Encoder& out, const std::string& address) {
  out.boolean(!address.empty());
  if (!address.empty()) out.bytes(address);
}

std::string take_destination(Decoder& in) {
  std::string name(in.bytes(k_max_destination));
  if (!name.empty() && !is_valid_destination(name)) in.fail();
  return name;
}

store::BlobId take_blob(Decoder& in) {
  store::BlobId blob;
  BytesView bytes = in.raw(blob.digest.size());
  std::ranges::transform(bytes, blob.digest.begin(),
                         [](char c) { return static_cast<std::uint8_t>(c); });
  return blob;
}

void put_envelope(Encoder& out, const Envelope& envelope) {
  put_optional_address(out, envelope.mail_from);
  out.boolean(envelope.smtp_utf8).boolean(envelope.eight_bit).boolean(envelope.binary);
  out.bytes(envelope.dsn_ret).bytes(envelope.dsn_envid);
  out.u8(envelope.require_tls ? k_tls_required : envelope.tls_optional ? k_tls_optional : 0);
  out.varint(static_cast<std::uint64_t>(envelope.priority + 9));
  put_time(out, envelope.hold_until);
  put_time(out, envelope.deliver_by);
  out.boolean(envelope.deliver_by_return);
}

Envelope take_envelope(Decoder& in) {
  Envelope out;
  out.mail_from = take_optional_address(in);
  out.smtp_utf8 = in.boolean();
  out.eight_bit = in.boolean();
  out.binary = in.boolean();
  out.dsn_ret = take_text(in);
  out.dsn_envid = take_text(in);
  std::uint8_t tls = in.u8();
  out.require_tls = tls == k_tls_required;
  out.tls_optional = tls == k_tls_optional;
  if (tls > k_tls_optional) in.fail();
  out.priority = static_cast<std::int32_t>(in.varint(18)) - 9;
  out.hold_until = take_time(in);
  out.deliver_by = take_time(in);
  out.deliver_by_return = in.boolean();
  if (in.ok() && !is_valid(out)) in.fail();
  return out;
}

}  // namespace

bool is_valid_destination(std::string_view name) {
  return !name.empty() && name.size() <= k_max_destination && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c < 0x7f && ascii_lower(c) == c;
  });
}

Bytes encode(const Header& record) {
  Encoder out = begin_record();
  out.varint(record.next_message.value).varint(record.messages).varint(record.recipients);
  out.varint(record.double_bounces).bytes(record.secret);
  return out.take();
}

Decoded<Header> decode_header(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  Header out;
  out.next_message = QueueId(in.varint());
  out.messages = in.varint();
  out.recipients = in.varint();
  out.double_bounces = in.varint();
  out.secret = in.bytes(k_secret_bytes);
  bool is_secret = out.secret.empty() || out.secret.size() == k_secret_bytes;
  if (!in.done() || out.next_message.is_none() || !is_secret) return k_malformed;
  return out;
}

Bytes encode(const MessageRecord& record) {
  Encoder out = begin_record();
  put_envelope(out, record.envelope);
  out.raw(record.blob.bytes()).varint(record.size).varint(record.header_size);
  out.varint(record.skip);
  for (UnixTime time : {record.arrived, record.expires, record.warn_at, record.timer}) {
    put_time(out, time);
  }
  out.varint(record.account.value);
  put_optional_address(out, record.submitter);
  out.varint(record.trace.value).bytes(record.held_because).varint(record.recipients);
  return out.take();
}

Decoded<MessageRecord> decode_message(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  MessageRecord out;
  out.envelope = take_envelope(in);
  out.blob = take_blob(in);
  out.size = in.varint();
  out.header_size = in.varint(out.size);
  out.skip = in.varint();
  for (UnixTime* time : {&out.arrived, &out.expires, &out.warn_at, &out.timer}) {
    *time = take_time(in);
  }
  out.account = AccountId(in.varint());
  out.submitter = take_optional_address(in);
  out.trace = TraceId(in.varint());
  out.held_because = take_text(in);
  out.recipients = static_cast<std::uint32_t>(in.varint(k_max_recipients));
  if (!in.done() || out.recipients == 0) return k_malformed;
  return out;
}

Bytes encode(const RecipientRecord& record) {
  Encoder out = begin_record();
  out.bytes(record.address).varint(record.notify).bytes(record.orcpt).bytes(record.destination);
  out.u8(static_cast<std::uint8_t>(record.state)).varint(record.attempts);
  put_time(out, record.due);
  out.varint(record.lease.value).varint(record.previous_lease.value);
  put_time(out, record.lease_expires);
  out.u8(static_cast<std::uint8_t>(record.delay));
  put_time(out, record.notice_due);
  out.varint(record.notice_lease.value);
  out.bytes(record.status).bytes(record.host).bytes(record.diagnostic);
  return out.take();
}

Decoded<RecipientRecord> decode_recipient(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  RecipientRecord out;
  out.address = take_address(in);
  out.notify = static_cast<std::uint32_t>(in.varint(k_all_notify));
  out.orcpt = in.bytes(k_max_text);
  out.destination = take_destination(in);
  std::uint8_t state = in.u8();
  out.state = static_cast<State>(state);
  out.attempts = take_u32(in);
  out.due = take_time(in);
  out.lease = LeaseId(in.varint());
  out.previous_lease = LeaseId(in.varint());
  out.lease_expires = take_time(in);
  std::uint8_t delay = in.u8();
  out.delay = static_cast<Delay>(delay);
  out.notice_due = take_time(in);
  out.notice_lease = LeaseId(in.varint());
  out.status = take_text(in);
  out.host = take_text(in);
  out.diagnostic = take_text(in);
  bool is_state = state >= static_cast<std::uint8_t>(State::waiting) &&
                  state < static_cast<std::uint8_t>(State::done);
  bool is_delay = delay <= static_cast<std::uint8_t>(Delay::told);
  if (!in.done() || !is_state || !is_delay || out.destination.empty() ||
      !is_valid_orcpt(out.orcpt)) {
    return k_malformed;
  }
  return out;
}

Bytes encode(const DestinationRecord& record) {
  Encoder out = begin_record();
  put_time(out, record.due);
  put_time(out, record.first.time);
  out.varint(record.first.message.value).varint(record.first.index);
  put_time(out, record.not_before);
  out.varint(record.failures).bytes(record.reason);
  return out.take();
}

Decoded<DestinationRecord> decode_destination(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  DestinationRecord out;
  out.due = take_time(in);
  out.first.time = take_time(in);
  out.first.message = QueueId(in.varint());
  out.first.index = take_u32(in);
  out.not_before = take_time(in);
  out.failures = take_u32(in);
  out.reason = take_text(in);
  if (!in.done()) return k_malformed;
  return out;
}

Bytes encode(const LeaseRecord& record) {
  Encoder out = begin_record();
  out.u8(static_cast<std::uint8_t>(record.kind)).bytes(record.destination);
  put_time(out, record.expires);
  out.varint(record.outstanding).varint(record.messages.size());
  for (QueueId message : record.messages) out.varint(message.value);
  return out.take();
}

Decoded<LeaseRecord> decode_lease(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  LeaseRecord out;
  std::uint8_t kind = in.u8();
  out.kind = static_cast<LeaseKind>(kind);
  out.destination = take_destination(in);
  out.expires = take_time(in);
  out.outstanding = take_u32(in);
  std::size_t count = in.count();
  if (!in.ok() || kind < 1 || kind > 2 || count > k_max_leased_messages ||
      out.destination.empty() != (out.kind == LeaseKind::notify)) {
    return k_malformed;
  }
  for (std::size_t i = 0; i < count; ++i) {
    QueueId message(in.varint());
    if (!out.messages.empty() && message <= out.messages.back()) return k_malformed;
    out.messages.push_back(message);
  }
  if (!in.done()) return k_malformed;
  return out;
}

Bytes encode(const TraceRecord& record) {
  Encoder out = begin_record();
  put_time(out, record.started);
  out.varint(record.events);
  return out.take();
}

Decoded<TraceRecord> decode_trace(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  TraceRecord out;
  out.started = take_time(in);
  out.events = take_u32(in);
  if (!in.done()) return k_malformed;
  return out;
}

Bytes encode(const EventRecord& record) {
  Encoder out = begin_record();
  out.varint(record.time).bytes(record.event).bytes(record.text).varint(record.addresses.size());
  for (const std::string& address : record.addresses) out.bytes(address);
  return out.take();
}

Decoded<EventRecord> decode_event(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  EventRecord out;
  out.time = in.varint(std::uint64_t{k_max_time} * 1000);
  out.event = take_text(in);
  out.text = take_text(in, 4 * k_max_text);
  std::size_t count = in.count();
  if (!in.ok() || count > k_max_event_addresses) return k_malformed;
  for (std::size_t i = 0; i < count; ++i) {
    BytesView address = in.bytes(k_max_address);
    if (address.empty() || address.contains('\0')) in.fail();
    out.addresses.emplace_back(address);
  }
  if (!in.done()) return k_malformed;
  return out;
}

Bytes encode_marker() {
  return begin_record().take();
}

}  // namespace peregrine::queue
