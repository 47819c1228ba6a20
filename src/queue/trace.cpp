#include "queue/trace.h"

#include <algorithm>

#include "base/result.h"

namespace peregrine::queue {
namespace {

/// What the address index knows an address by; empty for what is none.
std::string index_name(const std::string& text) {
  auto address = Address::parse(text);
  return address ? address->key() : std::string();
}

}  // namespace

std::expected<void, QueueError> add_event(Change& change, TraceId trace, const Event& event,
                                          UnixTime now) {
  if (trace.is_none()) return {};
  TraceRecord story{now, 0};
  TRY(std::optional<Bytes> stored, change.get(trace_key(trace)));
  if (stored) {
    auto decoded = decode_trace(*stored);
    if (!decoded) return {};  // verify reports it; mail does not wait for its story
    story = *decoded;
  } else {
    change.put(trace_time_key(now, trace), encode_marker());
  }
  if (story.events >= k_max_events) return {};
  EventRecord record{
      static_cast<std::uint64_t>(now.seconds) * 1000, event.event, one_line(event.text), {}};
  if (story.events + 1 == k_max_events) record = {record.time, "more", "not kept", {}};
  for (const std::string& text : event.addresses) {
    std::string name = index_name(text);
    if (name.empty() || record.addresses.size() >= k_max_event_addresses) continue;
    change.put(trace_address_key(name, story.started, trace), encode_marker());
    record.addresses.push_back(std::move(name));
  }
  change.put(trace_event_key(trace, story.events), encode(record));
  ++story.events;
  change.put(trace_key(trace), encode(story));
  return {};
}

std::expected<std::vector<EventRecord>, QueueError> events_of(store::Store& store, TraceId trace) {
  std::vector<EventRecord> out;
  Change change(store);
  Bytes prefix = trace_events_prefix(trace);
  TRY_VOID(change.scan(prefix, after(prefix), [&](BytesView, BytesView value) {
    if (auto record = decode_event(value)) out.push_back(*std::move(record));
    return true;
  }));
  return out;
}

std::expected<std::vector<TraceId>, QueueError> traces_of(store::Store& store,
                                                          const std::string& address,
                                                          Bytes& position, std::size_t limit) {
  std::vector<TraceId> out;
  if (address.empty() || address.contains('\0')) return out;
  Change change(store);
  Bytes prefix = trace_address_prefix(address);
  Bytes first = position.empty() ? prefix : position;
  TRY_VOID(change.scan(first, after(prefix), [&](BytesView key, BytesView) {
    if (out.size() >= limit) return false;
    if (auto parsed = parse_key(key)) out.emplace_back(parsed->id);
    position = Bytes(key) + '\0';
    return true;
  }));
  return out;
}

std::expected<bool, QueueError> purge_traces(Change& change, UnixTime keep_from,
                                             std::size_t limit) {
  if (keep_from.seconds <= 0) return false;
  std::vector<std::pair<UnixTime, TraceId>> old;
  TRY_VOID(change.scan(family_prefix(KeyFamily::trace_time), trace_time_key(keep_from, TraceId{}),
                       [&](BytesView key, BytesView) {
                         if (auto parsed = parse_key(key)) {
                           old.emplace_back(parsed->time, parsed->id);
                         }
                         return old.size() < limit;
                       }));
  for (const auto& [started, trace] : old) {
    std::vector<Bytes> gone = {trace_time_key(started, trace), trace_key(trace)};
    Bytes prefix = trace_events_prefix(trace);
    TRY_VOID(change.scan(prefix, after(prefix), [&](BytesView key, BytesView value) {
      gone.emplace_back(key);
      auto record = decode_event(value);
      if (!record) return true;
      for (const std::string& address : record->addresses) {
        gone.push_back(trace_address_key(address, started, trace));
      }
      return true;
    }));
    for (Bytes& key : gone) change.remove(std::move(key));
  }
  return old.size() >= limit;
}

}  // namespace peregrine::queue
