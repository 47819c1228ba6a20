// Queue: what the courier takes.
#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/result.h"
#include "queue/edit.h"

namespace peregrine::queue {
namespace {

constexpr std::size_t k_most_destinations = 64;  ///< looked at for one lease
constexpr std::size_t k_most_places = 1000;      ///< taken by one lease
constexpr std::size_t k_most_recipients = 100;   ///< of one message in a lease

}  // namespace

/// What of a destination is due, by message.
struct Queue::Picked {
  std::map<QueueId, LeasedMessage> messages;
  std::size_t places = 0;
};

std::expected<std::optional<UnixTime>, QueueError> Queue::next_due() {
  std::optional<UnixTime> out;
  Change change(store_);
  KeyFamily family = KeyFamily::due_destination;
  TRY_VOID(change.scan(due_destination_key(floor_, {}), family_end(family),
                       [&](BytesView key, BytesView) {
                         if (auto parsed = parse_key(key)) out = parsed->time;
                         return !out;
                       }));
  if (out) floor_ = *out;
  return out;
}

std::expected<std::vector<std::string>, QueueError> Queue::candidates(const LeaseAsk& ask,
                                                                      Change& change,
                                                                      UnixTime now) {
  std::vector<std::string> out;
  if (!ask.prefer.empty()) {
    TRY(std::optional<DestinationRecord> preferred, change.destination(ask.prefer));
    if (preferred && preferred->due <= now) out.push_back(ask.prefer);
  }
  if (ask.only_preferred) return out;
  TRY_VOID(change.scan(due_destination_key(floor_, {}), due_destination_key({now.seconds + 1}, {}),
                       [&](BytesView key, BytesView) {
                         if (auto parsed = parse_key(key)) out.push_back(parsed->name);
                         return out.size() < k_most_destinations;
                       }));
  return out;
}

std::expected<std::optional<Lease>, QueueError> Queue::lease(const LeaseAsk& ask, UnixTime now) {
  std::vector<std::string> names;
  {
    Change change(store_);
    TRY(names, candidates(ask, change, now));
  }
  std::size_t most = std::clamp<std::size_t>(ask.most_messages, 1, k_max_leased_messages);
  for (const std::string& name : names) {
    auto leased = lease_of(name, most, now);
    if (!leased) return std::unexpected(leased.error());
    if (*leased) return leased;
  }
  return std::nullopt;
}

std::expected<std::optional<Queue::Picked>, QueueError> Queue::pick(Change& change,
                                                                    const std::string& name,
                                                                    std::size_t most,
                                                                    UnixTime now) {
  TRY(std::optional<DestinationRecord> destination, change.destination(name));
  if (!destination || destination->due > now) return std::nullopt;
  std::vector<Row> rows;
  TRY_VOID(change.scan(due_key(name, destination->first),
                       due_key(name, {{now.seconds + 1}, QueueId{}, 0}),
                       [&](BytesView key, BytesView) {
                         if (auto parsed = parse_key(key)) {
                           rows.push_back({parsed->time, QueueId(parsed->id), parsed->index});
                         }
                         return rows.size() < k_most_places;
                       }));
  Picked picked;
  std::optional<std::string> group;
  for (const Row& row : rows) {
    if (!picked.messages.contains(row.message) && picked.messages.size() >= most) break;
    auto message = change.message(row.message);
    auto recipient = change.recipient(row.message, row.index);
    bool is_sound = message && *message && recipient && *recipient &&
                    (name.empty() ? notice_place_of(row.message, row.index, **recipient)
                                  : place_of(row.message, row.index, **recipient)) == row;
    if (!is_sound) {
      // It must not stop the others; verify names the recipient that has lost its place.
      log_event(LogLevel::error, "queue.stray_place", {{"queue", HexId{row.message.value}}});
      change.remove(due_key(name, row));
      change.rotate(name);
      continue;
    }
    if (options_.group_of && !name.empty()) {
      std::string its_group = options_.group_of(**message);
      if (!group) group = its_group;
      if (its_group != *group) continue;
    }
    LeasedMessage& leased = picked.messages[row.message];
    if (leased.recipients.empty()) leased = {row.message, **message, {}};
    if (leased.recipients.size() >= k_most_recipients) continue;
    leased.recipients.emplace_back(row.index, **recipient);
    ++picked.places;
  }
  return picked;
}

std::expected<std::optional<Lease>, QueueError> Queue::lease_of(const std::string& name,
                                                                std::size_t most, UnixTime now) {
  Change change(store_);
  TRY(std::optional<Picked> picked, pick(change, name, most, now));
  if (!picked) return std::nullopt;
  UnixTime expires{now.seconds + options_.lease_time.count()};
  Lease lease{.id = new_lease(expires),
              .kind = name.empty() ? LeaseKind::notify : LeaseKind::send,
              .destination = name,
              .expires = expires};
  LeaseRecord record{lease.kind, name, lease.expires, 0, {}};
  for (auto& [id, leased] : picked->messages) {
    if (leased.recipients.empty()) continue;
    TRY_VOID(take(change, lease, leased));
    if (leased.recipients.empty()) continue;
    record.messages.push_back(id);
    record.outstanding += static_cast<std::uint32_t>(leased.recipients.size());
    lease.messages.push_back(std::move(leased));
  }
  if (!lease.messages.empty()) {
    change.set_lease(lease.id, record);
    change.rotate(name);
  }
  TRY_VOID(commit(change, now));
  if (lease.messages.empty()) return std::nullopt;
  return lease;
}

LeaseId Queue::new_lease(UnixTime expires) {
  std::uint64_t next = static_cast<std::uint64_t>(expires.seconds) << 32 | (random_() & UINT32_MAX);
  last_lease_ = LeaseId(std::max(next, last_lease_.value + 1));
  return last_lease_;
}

/// Marks what the lease takes of a message; what is held meanwhile is not taken.
std::expected<void, QueueError> Queue::take(Change& change, Lease& lease, LeasedMessage& leased) {
  std::erase_if(leased.recipients, [&](auto& entry) {
    auto& [index, record] = entry;
    RecipientRecord before = record;
    if (lease.kind == LeaseKind::notify) {
      record.notice_lease = lease.id;
      record.notice_due = lease.expires;
    } else if (leased.record.is_held()) {
      record.state = State::held;
    } else {
      record.state = State::leased;
      record.previous_lease = record.lease;
      record.lease = lease.id;
      record.lease_expires = lease.expires;
    }
    change.set_recipient(leased.id, index, before, record);
    return record.state == State::held && lease.kind == LeaseKind::send;
  });
  return {};
}

std::expected<MessageRecord, QueueError> Queue::leased_message(LeaseId lease, QueueId message,
                                                               UnixTime now) {
  Change change(store_);
  TRY(std::optional<LeaseRecord> record, change.lease(lease));
  if (!record || record->expires <= now || !std::ranges::binary_search(record->messages, message)) {
    return std::unexpected(QueueError::not_found);
  }
  TRY(std::optional<MessageRecord> found, change.message(message));
  if (!found) return std::unexpected(QueueError::not_found);
  return *std::move(found);
}

}  // namespace peregrine::queue
