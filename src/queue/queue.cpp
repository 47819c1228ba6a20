#include "queue/queue.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "queue/edit.h"

namespace peregrine::queue {
namespace {

/// Messages whose time has come, and stories that are over, in one step.
constexpr std::size_t k_tended_at_once = 50;

std::string destination_of(const Address& address) {
  return ascii_lower(address.domain());
}

bool is_valid(const NewMessage& message) {
  return queue::is_valid(message.envelope) && !message.recipients.empty() &&
         message.recipients.size() <= k_max_recipients && message.header_size <= message.size;
}

}  // namespace

std::expected<store::Commit, QueueError> Queue::finish(Change& change, UnixTime now) {
  auto most_leases = [this](const std::string& destination) {
    return options_.leases_of ? options_.leases_of(destination) : options_.leases_per_destination;
  };
  if (std::exchange(is_unconfirmed_, true)) {
    place_gaps_.forget();
    open_leases_.forget();
  }
  TRY(store::Commit commit, change.finish({now, most_leases, &open_leases_, &place_gaps_}));
  if (auto lowest = change.lowest_due()) floor_ = std::min(floor_, *lowest);
  return commit;
}

std::expected<store::Sequence, QueueError> Queue::commit(Change& change, UnixTime now) {
  TRY(store::Commit commit, finish(change, now));
  if (commit.partitions.empty()) {
    committed(last_sequence_);
    return last_sequence_;
  }
  auto sequence = store_.commit(commit);
  if (!sequence) {
    log_event(LogLevel::error, "queue.commit_failed",
              {{"error", static_cast<int>(sequence.error())}});
    return std::unexpected(from_store(sequence.error()));
  }
  committed(*sequence);
  return *sequence;
}

std::expected<void, QueueError> Queue::trace(Change& change, TraceId trace, const Event& event,
                                             UnixTime now) {
  if (options_.trace_history.count() == 0) return {};
  return add_event(change, trace, event, now);
}

std::expected<QueueId, QueueError> Queue::enqueue(Change& change, const NewMessage& message,
                                                  UnixTime now) {
  if (!is_valid(message)) return std::unexpected(QueueError::bad_request);
  TRY(Header * header, change.header());
  QueueId id = header->next_message;
  header->next_message = id.next();
  ++header->messages;
  header->recipients += message.recipients.size();
  // RFC 4865 section 5: until then it is not sent, and its time in the queue begins then.
  UnixTime start = std::max(now, message.envelope.hold_until);
  MessageRecord record{.envelope = message.envelope,
                       .blob = message.blob,
                       .size = message.size,
                       .header_size = message.header_size,
                       .skip = message.skip,
                       .arrived = now,
                       .expires = {start.seconds + options_.lifetime.count()},
                       .account = message.account,
                       .submitter = message.submitter,
                       .trace = message.trace,
                       .held_because = one_line(message.held_because)};
  if (options_.delay_warning.count() != 0) {
    record.warn_at = {start.seconds + options_.delay_warning.count()};
  }
  if (message.envelope.deliver_by.seconds != 0) {
    // RFC 2852 section 4: "R" gives it back at that time, "N" only tells the sender.
    UnixTime& limit = message.envelope.deliver_by_return ? record.expires : record.warn_at;
    limit = limit.seconds == 0 ? message.envelope.deliver_by
                               : std::min(limit, message.envelope.deliver_by);
    limit = std::max(limit, UnixTime{now.seconds + 1});
  }
  record.recipients = static_cast<std::uint32_t>(message.recipients.size());
  record.timer = timer_of(record);
  std::uint32_t index = 0;
  for (const NewRecipient& each : message.recipients) {
    auto address = Address::parse(each.address);
    if (!address || address->to_string() != each.address || each.notify > k_all_notify ||
        !is_valid_orcpt(each.orcpt) || !may_begin(each.state)) {
      return std::unexpected(QueueError::bad_request);
    }
    RecipientRecord recipient{.address = each.address,
                              .notify = each.notify,
                              .orcpt = each.orcpt,
                              .destination = destination_of(*address),
                              .state = each.state,
                              .due = start};
    if (recipient.state == State::waiting && record.is_held()) recipient.state = State::held;
    if (awaits_notification(recipient.state)) recipient.notice_due = now;
    // What is acknowledged must be readable, whatever the checks above missed.
    if (!decode_recipient(encode(recipient))) return std::unexpected(QueueError::bad_request);
    change.set_recipient(id, index++, std::nullopt, recipient);
  }
  if (!decode_message(encode(record))) return std::unexpected(QueueError::bad_request);
  change.set_message(id, std::nullopt, record);
  return id;
}

std::expected<Bytes, QueueError> Queue::secret(Change& change) {
  TRY(Header * header, change.header());
  if (header->secret.empty()) header->secret = crypto::random_bytes(32);
  return header->secret;
}

UnixTime Queue::pause_after(std::uint32_t attempts, UnixTime now) {
  std::int64_t longest = options_.retry_longest.count();
  std::int64_t pause = std::min(options_.retry_first.count(), longest);
  for (std::uint32_t i = 1; i < attempts && pause < longest; ++i) {
    pause = std::min(pause * 2, longest);
  }
  // A fifth more or less, so that what failed together does not come back together.
  std::int64_t spread = pause / 5;
  auto offset = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(2 * spread + 1));
  return {now.seconds + std::max<std::int64_t>(1, pause - spread + offset)};
}

std::expected<bool, QueueError> Queue::tend(UnixTime now) {
  Change change(store_);
  std::vector<std::pair<UnixTime, QueueId>> due;
  TRY_VOID(change.scan(family_prefix(KeyFamily::timer), timer_key({now.seconds + 1}, QueueId{}),
                       [&](BytesView key, BytesView) {
                         if (auto parsed = parse_key(key)) {
                           due.emplace_back(parsed->time, parsed->id);
                         }
                         return due.size() < k_tended_at_once;
                       }));
  for (const auto& [time, id] : due) {
    auto tended = tend_message(change, id, time, now);
    if (tended) continue;
    if (tended.error() != QueueError::corrupt && tended.error() != QueueError::newer_format) {
      return std::unexpected(tended.error());
    }
    // It is named by verify, and must not stop the others.
    change.remove(timer_key(time, id));
  }
  UnixTime keep_from{now.seconds - options_.trace_history.count()};
  TRY(bool has_more_traces, purge_traces(change, keep_from, k_tended_at_once));
  TRY_VOID(commit(change, now));
  return due.size() >= k_tended_at_once || has_more_traces;
}

std::expected<void, QueueError> Queue::tend_message(Change& change, QueueId id, UnixTime timer,
                                                    UnixTime now) {
  TRY(std::optional<Edit> edit, Edit::open(*this, change, id, now));
  if (!edit || edit->message.timer != timer) {
    change.remove(timer_key(timer, id));
    return {};
  }
  MessageRecord& message = edit->message;
  bool has_expired = message.expires <= now;
  bool is_null = message.envelope.mail_from.empty();
  UnixTime again;
  TRY(std::vector<std::uint32_t> indexes, edit->recipients());
  for (std::uint32_t index : indexes) {
    TRY(std::optional<RecipientRecord> before, edit->recipient(index));
    if (!before) continue;
    RecipientRecord after = *before;
    bool is_away = before->state == State::leased && before->lease_expires > now;
    if (before->state != State::waiting && before->state != State::leased) continue;
    if (has_expired && is_away) {
      again = std::max(again, before->lease_expires);
    } else if (has_expired) {
      TRY_VOID(edit->expire(index, *before, after));
    } else if (before->delay == Delay::untold && !is_null &&
               (before->notify == 0 || has(before->notify, Notify::delay))) {
      // RFC 3461 section 4.1: told when it asks for it, and at our choice when it says nothing.
      after.delay = Delay::pending;
      after.notice_due = now;
      TRY_VOID(edit->tell("delayed", after));
      edit->set(index, *before, after);
    }
  }
  if (message.warn_at <= now) message.warn_at = {};
  message.timer = has_expired ? again : timer_of(message);
  return edit->finish();
}

}  // namespace peregrine::queue
