#include "queue/change.h"

#include <algorithm>
#include <cstdlib>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::queue {
namespace {

QueueError damaged(BytesView key, RecordError error) {
  log_event(LogLevel::error, "queue.damaged_record", {{"key", to_hex(key)}});
  return error == RecordError::newer_format ? QueueError::newer_format : QueueError::corrupt;
}

}  // namespace

std::optional<Row> place_of(QueueId id, std::uint32_t index, const RecipientRecord& record) {
  if (record.state == State::waiting) return Row{record.due, id, index};
  if (record.state == State::leased) return Row{record.lease_expires, id, index};
  return std::nullopt;
}

std::optional<Row> notice_place_of(QueueId id, std::uint32_t index, const RecipientRecord& record) {
  if (!record.has_notice()) return std::nullopt;
  return Row{record.notice_due, id, index};
}

Change::Read<Bytes> Change::get(const Bytes& key) {
  if (auto found = pending_.find(key); found != pending_.end()) return found->second;
  auto value = store_.get(store::k_system_partition, key);
  if (!value) return std::unexpected(from_store(value.error()));
  return *std::move(value);
}

std::expected<void, QueueError> Change::scan(
    const Bytes& first, const Bytes& end, const std::function<bool(BytesView, BytesView)>& visit) {
  auto pending = pending_.lower_bound(first);
  auto pending_end = pending_.lower_bound(end);
  bool goes_on = true;
  auto emit_pending = [&] {
    if (pending->second) goes_on = visit(pending->first, *pending->second);
    ++pending;
  };
  auto scanned = store_.scan(store::k_system_partition, first, end, store::Scan::forward,
                             [&](BytesView key, BytesView value) {
                               while (goes_on && pending != pending_end && pending->first < key)
                                 emit_pending();
                               if (!goes_on) return false;
                               if (pending != pending_end && pending->first == key) {
                                 emit_pending();
                               } else {
                                 goes_on = visit(key, value);
                               }
                               return goes_on;
                             });
  // The store has named a record that is damaged, and the others are still good.
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  while (goes_on && pending != pending_end) emit_pending();
  return {};
}

template <class T>
Change::Read<T> Change::read(const Bytes& key, Decoded<T> (*decode)(BytesView)) {
  TRY(std::optional<Bytes> value, get(key));
  if (!value) return std::nullopt;
  auto record = decode(*value);
  if (!record) return std::unexpected(damaged(key, record.error()));
  return *std::move(record);
}

std::expected<Header*, QueueError> Change::header() {
  if (!header_) {
    TRY(std::optional<Header> stored, read(header_key(), decode_header));
    header_before_ = stored;
    header_ = stored ? *std::move(stored) : Header{};
  }
  return &*header_;
}

Change::Read<MessageRecord> Change::message(QueueId id) {
  return read(message_key(id), decode_message);
}

Change::Read<RecipientRecord> Change::recipient(QueueId id, std::uint32_t index) {
  return read(recipient_key(id, index), decode_recipient);
}

Change::Read<DestinationRecord> Change::destination(const std::string& name) {
  return read(destination_key(name), decode_destination);
}

Change::Read<LeaseRecord> Change::lease(LeaseId id) {
  return read(lease_key(id), decode_lease);
}

std::expected<std::vector<std::uint32_t>, QueueError> Change::recipients(QueueId id) {
  std::vector<std::uint32_t> out;
  Bytes prefix = recipients_prefix(id);
  TRY_VOID(scan(prefix, after(prefix), [&](BytesView key, BytesView) {
    if (auto parsed = parse_key(key)) out.push_back(parsed->index);
    return true;
  }));
  return out;
}

void Change::link(const store::BlobId& blob, QueueId holder) {
  commit_.links.push_back({blob, store::k_system_partition, holder.value});
}

void Change::set_message(QueueId id, const std::optional<MessageRecord>& before,
                         const std::optional<MessageRecord>& after) {
  if (before && before->timer.seconds != 0) remove(timer_key(before->timer, id));
  if (after && after->timer.seconds != 0) put(timer_key(after->timer, id), encode_marker());
  if (after) {
    put(message_key(id), encode(*after));
    if (!before) link(after->blob, id);
  } else {
    remove(message_key(id));
    if (before) {
      commit_.unlinks.push_back({before->blob, store::k_system_partition, id.value});
    }
  }
}

void Change::set_place(const std::string& destination, const std::optional<Row>& before,
                       const std::optional<Row>& after) {
  if (before == after) return;
  Touched& touched = touched_[destination];
  if (before) remove(due_key(destination, *before));
  if (!after) return;
  put(due_key(destination, *after), encode_marker());
  touched.added.push_back(*after);
}

void Change::set_recipient(QueueId id, std::uint32_t index,
                           const std::optional<RecipientRecord>& before,
                           const std::optional<RecipientRecord>& after) {
  State from = before ? before->state : State::done;
  State to = after ? after->state : State::done;
  if (before ? !may_move(from, to) : !may_begin(to)) {
    log_event(LogLevel::error, "queue.bad_move",
              {{"from", state_name(from)}, {"to", state_name(to)}});
    std::abort();
  }
  std::optional<Row> place_before, place_after, notice_before, notice_after;
  if (before) {
    place_before = place_of(id, index, *before);
    notice_before = notice_place_of(id, index, *before);
  }
  if (after) {
    place_after = place_of(id, index, *after);
    notice_after = notice_place_of(id, index, *after);
    put(recipient_key(id, index), encode(*after));
  } else {
    remove(recipient_key(id, index));
  }
  set_place({}, notice_before, notice_after);
  if (before && after && before->destination == after->destination) {
    return set_place(after->destination, place_before, place_after);
  }
  if (before) set_place(before->destination, place_before, std::nullopt);
  if (after) set_place(after->destination, std::nullopt, place_after);
}

void Change::set_destination(const std::string& name, const DestinationRecord& record) {
  put(destination_key(name), encode(record));
  touched_[name];
}

void Change::set_lease(LeaseId id, const LeaseRecord& record) {
  put(lease_key(id), encode(record));
  put(lease_of_key(record.destination, id), encode_marker());
  touched_[record.destination].begun.push_back(id);
}

void Change::remove_lease(LeaseId id, const LeaseRecord& record) {
  remove(lease_key(id));
  remove(lease_of_key(record.destination, id));
  touched_[record.destination].ended.push_back(id);
}

std::expected<std::optional<Row>, QueueError> Change::first_place(const std::string& name,
                                                                  const Row& from,
                                                                  const Pace& pace) {
  // None is before it.
  if (auto made = pending_.find(due_key(name, from)); made != pending_.end() && made->second) {
    return from;
  }
  std::optional<Row> out;
  auto walk = [&](const Row& first, const Bytes& end) {
    return scan(due_key(name, first), end, [&](BytesView key, BytesView) {
      auto parsed = parse_key(key);
      if (!parsed) return true;
      out = Row{parsed->time, QueueId(parsed->id), parsed->index};
      return false;
    });
  };
  auto gap = pace.place_gaps == nullptr ? std::nullopt : pace.place_gaps->of(name);
  Bytes end = after(due_prefix(name));
  if (!gap || gap->end <= from) {
    TRY_VOID(walk(from, end));
  } else {
    if (from < gap->begin) TRY_VOID(walk(from, due_key(name, gap->begin)));
    if (!out && gap->end != PlaceGaps::k_no_end) TRY_VOID(walk(gap->end, end));
  }
  if (pace.place_gaps != nullptr) {
    pace.place_gaps->learn(name, from, out.value_or(PlaceGaps::k_no_end));
  }
  return out;
}

std::expected<OpenLeases::Ids, QueueError> Change::lease_ids(const std::string& name) {
  OpenLeases::Ids out;
  Bytes prefix = lease_of_prefix(name);
  TRY_VOID(scan(prefix, after(prefix), [&](BytesView key, BytesView) {
    if (auto parsed = parse_key(key)) out.emplace(parsed->id);
    return true;
  }));
  return out;
}

std::expected<Change::Leases, QueueError> Change::leases(const std::string& name,
                                                         const Touched& touched, const Pace& pace) {
  OpenLeases::Ids read;
  OpenLeases::Ids* ids = pace.open_leases == nullptr ? nullptr : pace.open_leases->of(name);
  if (ids != nullptr) {
    ids->insert(touched.begun.begin(), touched.begun.end());
    for (LeaseId id : touched.ended) ids->erase(id);
  } else {
    TRY(read, lease_ids(name));
    ids = pace.open_leases == nullptr ? &read : &pace.open_leases->learn(name, std::move(read));
  }
  // By their ends. What an ended one held has a place at that time, and is due again.
  while (!ids->empty() && end_of(*ids->begin()) <= pace.now) {
    remove(lease_key(*ids->begin()));
    remove(lease_of_key(name, *ids->begin()));
    ids->erase(ids->begin());
  }
  Leases out{.count = ids->size(), .first_end = {}};
  if (!ids->empty()) out.first_end = end_of(*ids->begin());
  return out;
}

std::expected<void, QueueError> Change::settle(const std::string& name, const Touched& touched,
                                               const Pace& pace) {
  TRY(std::optional<DestinationRecord> stored, destination(name));
  DestinationRecord record = stored.value_or(DestinationRecord{});
  Row from = record.first;
  // Without a record there is no other place than what was added.
  bool is_known = stored.has_value();
  for (const Row& row : touched.added) {
    if (!is_known || row < from) from = row;
    is_known = true;
    if (pace.place_gaps != nullptr) pace.place_gaps->add(name, row);
  }
  TRY(std::optional<Row> first, first_place(name, from, pace));
  TRY(Leases held, leases(name, touched, pace));
  if (stored && stored->due.seconds != 0) remove(due_destination_key(stored->due, name));
  if (!first) {
    remove(destination_key(name));
    return {};
  }
  record.first = *first;
  record.due = std::max(first->time, record.not_before);
  if (touched.is_rotated) record.due = std::max(record.due, pace.now);
  if (held.count >= pace.most_leases(name)) record.due = std::max(record.due, held.first_end);
  // 0 stands for none.
  record.due = std::max(record.due, UnixTime{1});
  put(destination_key(name), encode(record));
  put(due_destination_key(record.due, name), encode_marker());
  lowest_due_ = std::min(lowest_due_.value_or(record.due), record.due);
  return {};
}

std::expected<store::Commit, QueueError> Change::finish(const Pace& pace) {
  for (const auto& [name, touched] : touched_) TRY_VOID(settle(name, touched, pace));
  touched_.clear();
  if (header_ && header_ != header_before_) put(header_key(), encode(*header_));
  store::PartitionWrites writes{store::k_system_partition, std::nullopt, {}};
  writes.writes.reserve(pending_.size());
  for (auto& [key, value] : pending_) writes.writes.push_back({key, std::move(value)});
  pending_.clear();
  if (!writes.writes.empty()) commit_.partitions.push_back(std::move(writes));
  return std::move(commit_);
}

}  // namespace peregrine::queue
