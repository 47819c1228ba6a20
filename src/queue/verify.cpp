#include "queue/verify.h"

#include <fmt/format.h>
#include <map>
#include <utility>

#include "base/result.h"

namespace peregrine::queue {
namespace {

constexpr std::size_t k_records_a_step = 500;

std::string place(QueueId id) {
  return fmt::format("queue: message {:016x}", id.value);
}

std::string place(QueueId id, std::uint32_t index) {
  return fmt::format("queue: message {:016x} recipient {}", id.value, index);
}

}  // namespace

void Check::found(std::string_view where, std::string_view what) {
  report_({std::string(where), std::string(what)});
}

void Check::expect_key(const Bytes& key, std::string_view owner, std::string_view what) {
  auto value = store_.get(store::k_system_partition, key);
  if (value && !*value) found(owner, what);
}

std::expected<bool, QueueError> Check::step() {
  if (!std::exchange(has_begun_, true)) began_ = store_.version(store::k_system_partition);
  std::vector<std::pair<Bytes, Bytes>> records;
  auto scanned = store_.scan(store::k_system_partition, next_, queue_end(), store::Scan::forward,
                             [&](BytesView key, BytesView value) {
                               records.emplace_back(key, value);
                               return records.size() < k_records_a_step;
                             });
  // Damaged records are the store's own finding.
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  for (const auto& [key, value] : records) check_record(key, value);
  if (records.size() < k_records_a_step) return false;
  next_ = records.back().first + '\0';
  return true;
}

void Check::check_record(BytesView bytes, BytesView value) {
  auto key = parse_key(bytes);
  if (!key) return found("queue: key " + to_hex(bytes), "is none of ours");
  switch (key->family) {
    case KeyFamily::header:
      return check_header(value);
    case KeyFamily::message:
      return check_message(QueueId(key->id), value);
    case KeyFamily::recipient:
      return check_recipient(QueueId(key->id), key->index, value);
    case KeyFamily::due:
      return check_due(*key);
    case KeyFamily::destination:
      return check_destination(key->name, value);
    case KeyFamily::lease:
      return check_lease(LeaseId(key->id), value);
    case KeyFamily::due_destination:
    case KeyFamily::lease_of:
    case KeyFamily::timer:
      return check_marker(*key);
    case KeyFamily::trace:
    case KeyFamily::trace_event:
    case KeyFamily::trace_time:
    case KeyFamily::trace_address:
      return check_trace(*key, value);
  }
}

void Check::check_header(BytesView value) {
  auto header = decode_header(value);
  if (!header) return found("queue: header", "the record does not decode");
  header_ = *header;
}

void Check::check_message(QueueId id, BytesView value) {
  ++messages_;
  auto message = decode_message(value);
  if (!message) return found(place(id), "the record does not decode");
  if (message->timer.seconds != 0) {
    expect_key(timer_key(message->timer, id), place(id), "its timer is missing");
  }
  Change change(store_);
  auto indexes = change.recipients(id);
  if (indexes && indexes->size() != message->recipients) {
    found(place(id),
          fmt::format("counts {} recipients and has {}", message->recipients, indexes->size()));
  }
}

void Check::check_recipient(QueueId id, std::uint32_t index, BytesView value) {
  ++recipients_;
  std::string where = place(id, index);
  auto record = decode_recipient(value);
  if (!record) return found(where, "the record does not decode");
  Change change(store_);
  auto message = change.message(id);
  if (message && !*message) found(where, "its message is missing");
  if (auto row = place_of(id, index, *record)) {
    expect_key(due_key(record->destination, *row), where,
               "it has no place, and would never be sent");
    expect_key(destination_key(record->destination), where, "its destination is missing");
    if (message && *message && !(*message)->is_held() && (*message)->timer.seconds == 0) {
      found(where, "its message has no timer, and it would never expire");
    }
  }
  if (auto row = notice_place_of(id, index, *record)) {
    expect_key(due_key({}, *row), where, "its notification has no place, and would never be sent");
  }
}

void Check::check_due(const ParsedKey& key) {
  QueueId id(key.id);
  std::string where = place(id, key.index);
  Change change(store_);
  auto record = change.recipient(id, key.index);
  if (!record) return;  // said of the record
  Row row{key.time, id, key.index};
  bool is_its_own = *record && (key.name.empty() ? notice_place_of(id, key.index, **record) == row
                                                 : (*record)->destination == key.name &&
                                                       place_of(id, key.index, **record) == row);
  if (!is_its_own) found(where, "has a place that is not its own");
  auto destination = change.destination(key.name);
  if (!destination || !*destination) return found(where, "the destination of a place is missing");
  if (row < (*destination)->first) found(where, "its place is before the destination's first");
}

void Check::check_destination(const std::string& name, BytesView value) {
  std::string where = "queue: destination " + name;
  auto record = decode_destination(value);
  if (!record) return found(where, "the record does not decode");
  expect_key(due_key(name, record->first), where, "its first place is missing");
  expect_key(due_destination_key(record->due, name), where,
             "it does not stand among the destinations, and nothing would be sent to it");
}

void Check::check_lease(LeaseId id, BytesView value) {
  std::string where = fmt::format("queue: lease {:016x}", id.value);
  auto record = decode_lease(value);
  if (!record) return found(where, "the record does not decode");
  expect_key(lease_of_key(record->destination, id), where, "its destination does not count it");
}

void Check::check_marker(const ParsedKey& key) {
  Change change(store_);
  if (key.family == KeyFamily::due_destination) {
    auto record = change.destination(key.name);
    if (record && (!*record || (*record)->due != key.time)) {
      found("queue: destination " + key.name, "stands where it is not due");
    }
  } else if (key.family == KeyFamily::lease_of) {
    expect_key(lease_key(LeaseId(key.id)), fmt::format("queue: lease {:016x}", key.id),
               "is counted, and is not there");
  } else {
    auto record = change.message(QueueId(key.id));
    if (record && (!*record || (*record)->timer != key.time)) {
      found(place(QueueId(key.id)), "has a timer that is not its own");
    }
  }
}

void Check::check_trace(const ParsedKey& key, BytesView value) {
  std::string where = fmt::format("queue: trace {:016x}", key.id);
  if (key.family == KeyFamily::trace) {
    auto record = decode_trace(value);
    if (!record) return found(where, "the record does not decode");
    return expect_key(trace_time_key(record->started, TraceId(key.id)), where,
                      "would never be forgotten");
  }
  expect_key(trace_key(TraceId(key.id)), where, "has a part without its beginning");
  if (key.family == KeyFamily::trace_event && !decode_event(value)) {
    found(where, "an event does not decode");
  }
}

std::expected<void, QueueError> Check::finish() {
  // What came and went meanwhile cannot be counted.
  if (store_.version(store::k_system_partition) == began_) {
    if (header_.messages != messages_) {
      found("queue: header",
            fmt::format("counts {} messages and there are {}", header_.messages, messages_));
    }
    if (header_.recipients != recipients_) {
      found("queue: header",
            fmt::format("counts {} recipients and there are {}", header_.recipients, recipients_));
    }
  }
  std::vector<store::BlobLink> links;
  auto scanned = store_.scan_links([&](const store::BlobLink& link) {
    if (link.partition == store::k_system_partition) links.push_back(link);
    return true;
  });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  std::map<QueueId, store::BlobId> wanted;
  Change change(store_);
  TRY_VOID(change.scan(family_prefix(KeyFamily::message), family_end(KeyFamily::message),
                       [&](BytesView key, BytesView value) {
                         auto parsed = parse_key(key);
                         auto message = decode_message(value);
                         if (parsed && message) wanted.emplace(parsed->id, message->blob);
                         return true;
                       }));
  for (const store::BlobLink& link : links) {
    auto message = wanted.find(QueueId(link.holder));
    if (message != wanted.end() && message->second == link.blob) {
      wanted.erase(message);
    } else {
      found(place(QueueId(link.holder)), "a content is linked that it does not need");
    }
  }
  for (const auto& [id, blob] : wanted) found(place(id), "its content is not linked");
  return {};
}

std::expected<void, QueueError> verify(store::Store& store, const Findings& report) {
  Check check(store, report);
  bool more = true;
  while (more) {
    TRY(more, check.step());
  }
  return check.finish();
}

}  // namespace peregrine::queue
