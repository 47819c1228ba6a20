#include "queue/keys.h"

#include <utility>

#include "base/codec.h"

namespace peregrine::queue {
namespace {

Encoder begin(KeyFamily family) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(k_key_prefix)).u8(std::to_underlying(family));
  return out;
}

Encoder begin(KeyFamily family, const std::string& name) {
  Encoder out = begin(family);
  out.raw(name).u8(0);
  return out;
}

Encoder& put_time(Encoder& out, UnixTime time) {
  return out.fixed64(static_cast<std::uint64_t>(time.seconds));
}

UnixTime take_time(Decoder& in) {
  auto value = static_cast<std::int64_t>(in.fixed64());
  if (value < 0) in.fail();
  return {value};
}

/// A name and the NUL behind it.
std::string take_name(Decoder& in) {
  std::string name;
  while (in.ok() && !in.at_end()) {
    char c = static_cast<char>(in.u8());
    if (c == '\0') return name;
    name.push_back(c);
  }
  in.fail();
  return name;
}

void parse_fields(ParsedKey& key, Decoder& in) {
  switch (key.family) {
    case KeyFamily::header:
      return;
    case KeyFamily::message:
    case KeyFamily::lease:
    case KeyFamily::trace:
      key.id = in.fixed64();
      return;
    case KeyFamily::recipient:
    case KeyFamily::trace_event:
      key.id = in.fixed64();
      key.index = in.fixed32();
      return;
    case KeyFamily::due:
      key.name = take_name(in);
      key.time = take_time(in);
      key.id = in.fixed64();
      key.index = in.fixed32();
      return;
    case KeyFamily::destination:
      key.name = in.rest();
      return;
    case KeyFamily::due_destination:
      key.time = take_time(in);
      key.name = in.rest();
      return;
    case KeyFamily::lease_of:
      key.name = take_name(in);
      key.id = in.fixed64();
      return;
    case KeyFamily::timer:
    case KeyFamily::trace_time:
      key.time = take_time(in);
      key.id = in.fixed64();
      return;
    case KeyFamily::trace_address:
      key.name = take_name(in);
      key.time = take_time(in);
      key.id = in.fixed64();
      return;
  }
  in.fail();
}

}  // namespace

Bytes family_prefix(KeyFamily family) {
  return begin(family).take();
}

Bytes family_end(KeyFamily family) {
  return after(family_prefix(family));
}

Bytes queue_end() {
  return {static_cast<char>(k_key_prefix + 1)};
}

Bytes after(Bytes prefix) {
  while (prefix.back() == '\xff') prefix.pop_back();
  ++prefix.back();
  return prefix;
}

Bytes header_key() {
  return family_prefix(KeyFamily::header);
}

Bytes message_key(QueueId message) {
  return begin(KeyFamily::message).fixed64(message.value).take();
}

Bytes recipient_key(QueueId message, std::uint32_t index) {
  return begin(KeyFamily::recipient).fixed64(message.value).fixed32(index).take();
}

Bytes recipients_prefix(QueueId message) {
  return begin(KeyFamily::recipient).fixed64(message.value).take();
}

Bytes due_key(const std::string& destination, const Row& row) {
  Encoder out = begin(KeyFamily::due, destination);
  return put_time(out, row.time).fixed64(row.message.value).fixed32(row.index).take();
}

Bytes due_prefix(const std::string& destination) {
  return begin(KeyFamily::due, destination).take();
}

Bytes destination_key(const std::string& destination) {
  return begin(KeyFamily::destination).raw(destination).take();
}

Bytes due_destination_key(UnixTime time, const std::string& destination) {
  Encoder out = begin(KeyFamily::due_destination);
  return put_time(out, time).raw(destination).take();
}

Bytes lease_key(LeaseId lease) {
  return begin(KeyFamily::lease).fixed64(lease.value).take();
}

Bytes lease_of_key(const std::string& destination, LeaseId lease) {
  return begin(KeyFamily::lease_of, destination).fixed64(lease.value).take();
}

Bytes lease_of_prefix(const std::string& destination) {
  return begin(KeyFamily::lease_of, destination).take();
}

Bytes timer_key(UnixTime time, QueueId message) {
  Encoder out = begin(KeyFamily::timer);
  return put_time(out, time).fixed64(message.value).take();
}

Bytes trace_key(TraceId trace) {
  return begin(KeyFamily::trace).fixed64(trace.value).take();
}

Bytes trace_event_key(TraceId trace, std::uint32_t number) {
  return begin(KeyFamily::trace_event).fixed64(trace.value).fixed32(number).take();
}

Bytes trace_events_prefix(TraceId trace) {
  return begin(KeyFamily::trace_event).fixed64(trace.value).take();
}

Bytes trace_time_key(UnixTime started, TraceId trace) {
  Encoder out = begin(KeyFamily::trace_time);
  return put_time(out, started).fixed64(trace.value).take();
}

Bytes trace_address_key(const std::string& address, UnixTime started, TraceId trace) {
  Encoder out = begin(KeyFamily::trace_address, address);
  return put_time(out, started).fixed64(trace.value).take();
}

Bytes trace_address_prefix(const std::string& address) {
  return begin(KeyFamily::trace_address, address).take();
}

std::optional<ParsedKey> parse_key(BytesView key) {
  Decoder in(key);
  if (in.u8() != static_cast<std::uint8_t>(k_key_prefix)) return std::nullopt;
  ParsedKey out{.family = static_cast<KeyFamily>(in.u8())};
  parse_fields(out, in);
  if (!in.done()) return std::nullopt;
  return out;
}

std::string_view family_name(KeyFamily family) {
  switch (family) {
    case KeyFamily::header:
      return "queue";
    case KeyFamily::message:
      return "queued_message";
    case KeyFamily::recipient:
      return "queued_recipient";
    case KeyFamily::due:
      return "due";
    case KeyFamily::destination:
      return "destination";
    case KeyFamily::due_destination:
      return "due_destination";
    case KeyFamily::lease:
      return "lease";
    case KeyFamily::lease_of:
      return "lease_of";
    case KeyFamily::timer:
      return "timer";
    case KeyFamily::trace:
      return "trace";
    case KeyFamily::trace_event:
      return "trace_event";
    case KeyFamily::trace_time:
      return "trace_time";
    case KeyFamily::trace_address:
      return "trace_address";
  }
  return "?";
}

}  // namespace peregrine::queue
