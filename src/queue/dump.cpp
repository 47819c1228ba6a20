#include <fmt/format.h>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "queue/verify.h"

namespace peregrine::queue {
namespace {

/// A flat JSON object; bytes that are not printable ASCII are written as \u00XX.
class Line {
 public:
  Line& add(std::string_view name, std::string_view value) {
    std::string quoted = "\"";
    for (char c : value) {
      auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
        quoted += fmt::format("\\u{:04x}", byte);
      } else {
        quoted.push_back(c);
      }
    }
    return add_raw(name, quoted + '"');
  }
  Line& add(std::string_view name, std::integral auto value) {
    return add_raw(name, std::to_string(value));
  }
  Line& add_id(std::string_view name, std::uint64_t value) {
    return add(name, fmt::format("{:016x}", value));
  }
  std::string take() { return out_ + '}'; }

 private:
  Line& add_raw(std::string_view name, std::string_view value) {
    out_ += fmt::format("{}\"{}\":{}", out_.empty() ? '{' : ',', name, value);
    return *this;
  }
  std::string out_;
};

void describe(Line& line, const Header& record) {
  line.add_id("next_message", record.next_message.value).add("messages", record.messages);
  line.add("recipients", record.recipients).add("double_bounces", record.double_bounces);
}

void describe(Line& line, const MessageRecord& record) {
  line.add("from", record.envelope.mail_from).add("blob", to_hex(record.blob.bytes()));
  line.add("size", record.size).add("arrived", record.arrived.seconds);
  line.add("expires", record.expires.seconds).add("timer", record.timer.seconds);
  line.add("submitter", record.submitter).add_id("trace", record.trace.value);
  line.add("held_because", record.held_because).add("recipients", record.recipients);
}

void describe(Line& line, const RecipientRecord& record) {
  line.add("to", record.address).add("destination", record.destination);
  line.add("state", state_name(record.state)).add("attempts", record.attempts);
  line.add("due", record.due.seconds).add("notify", record.notify);
  line.add_id("lease", record.lease.value).add("lease_expires", record.lease_expires.seconds);
  line.add("delay", std::to_underlying(record.delay));
  line.add("notice_due", record.notice_due.seconds).add("status", record.status);
  line.add("host", record.host).add("diagnostic", record.diagnostic);
}

void describe(Line& line, const DestinationRecord& record) {
  line.add("due", record.due.seconds).add("first", record.first.time.seconds);
  line.add("not_before", record.not_before.seconds).add("failures", record.failures);
  line.add("reason", record.reason);
}

void describe(Line& line, const LeaseRecord& record) {
  line.add("kind", std::to_underlying(record.kind)).add("destination", record.destination);
  line.add("expires", record.expires.seconds).add("outstanding", record.outstanding);
  line.add("messages", record.messages.size());
}

void describe(Line& line, const TraceRecord& record) {
  line.add("started", record.started.seconds).add("events", record.events);
}

void describe(Line& line, const EventRecord& record) {
  line.add("milliseconds", record.time).add("event", record.event).add("text", record.text);
}

template <class T>
void describe(Line& line, const Decoded<T>& record) {
  if (record) {
    describe(line, *record);
  } else {
    line.add("error", record.error() == RecordError::newer_format ? "newer format" : "malformed");
  }
}

void describe_value(Line& line, KeyFamily family, BytesView value) {
  switch (family) {
    case KeyFamily::header:
      return describe(line, decode_header(value));
    case KeyFamily::message:
      return describe(line, decode_message(value));
    case KeyFamily::recipient:
      return describe(line, decode_recipient(value));
    case KeyFamily::destination:
      return describe(line, decode_destination(value));
    case KeyFamily::lease:
      return describe(line, decode_lease(value));
    case KeyFamily::trace:
      return describe(line, decode_trace(value));
    case KeyFamily::trace_event:
      return describe(line, decode_event(value));
    case KeyFamily::due:
    case KeyFamily::due_destination:
    case KeyFamily::lease_of:
    case KeyFamily::timer:
    case KeyFamily::trace_time:
    case KeyFamily::trace_address:
      return;
  }
}

std::string describe_record(BytesView key, BytesView value) {
  Line line;
  auto parsed = parse_key(key);
  if (!parsed) return line.add("record", "unknown").add("key", to_hex(key)).take();
  line.add("record", family_name(parsed->family)).add_id("id", parsed->id);
  line.add("index", parsed->index).add("name", parsed->name).add("time", parsed->time.seconds);
  describe_value(line, parsed->family, value);
  return line.take();
}

}  // namespace

std::expected<void, QueueError> dump(store::Store& store,
                                     const std::function<void(std::string_view)>& out) {
  auto scanned = store.scan(store::k_system_partition, family_prefix(KeyFamily::header),
                            queue_end(), store::Scan::forward, [&](BytesView key, BytesView value) {
                              out(describe_record(key, value));
                              return true;
                            });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  return {};
}

}  // namespace peregrine::queue
