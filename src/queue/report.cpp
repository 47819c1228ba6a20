// Queue: what the courier says, and the end of notifications.
#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "base/result.h"
#include "queue/edit.h"

namespace peregrine::queue {
namespace {

/// Before what was not tried is taken up again.
constexpr seconds k_breath{10};

bool has_taken(Outcome outcome) {
  return outcome == Outcome::delivered || outcome == Outcome::relayed;
}

/// Whether the lease speaks for the recipient. An ended lease still does, so that what has been
/// delivered is not delivered again; one before the present lease only tells of deliveries.
bool is_believed(const Report& report, const Result& result, const RecipientRecord& recipient) {
  if (awaits_notification(recipient.state) || report.lease.is_none()) return false;
  return recipient.lease == report.lease ||
         (recipient.previous_lease == report.lease && has_taken(result.outcome));
}

RecipientRecord with_result(RecipientRecord record, const Result& result) {
  ++record.attempts;
  record.status = one_line(result.status);
  record.host = one_line(result.host);
  record.diagnostic = one_line(result.diagnostic);
  return record;
}

}  // namespace

std::expected<store::Sequence, QueueError> Queue::report(const Report& report, UnixTime now) {
  Change change(store_);
  TRY(std::optional<LeaseRecord> lease, change.lease(report.lease));
  std::vector<Result> results = report.results;
  std::ranges::sort(results, {}, &Result::message);
  for (auto first = results.begin(); first != results.end();) {
    auto last = std::find_if(first, results.end(),
                             [&](const Result& each) { return each.message != first->message; });
    TRY_VOID(report_message(change, report, first->message, {first, last},
                            lease ? &*lease : nullptr, now));
    first = last;
  }
  // An ended lease, or one that never was, says nothing about a destination.
  if (lease) {
    TRY_VOID(note_destination(change, report, *lease, now));
    if (report.is_last || lease->outstanding == 0) {
      if (lease->outstanding != 0) TRY_VOID(give_back(change, report, *lease, now));
      change.remove_lease(report.lease, *lease);
    } else {
      change.set_lease(report.lease, *lease);
    }
  }
  return commit(change, now);
}

std::expected<void, QueueError> Queue::report_message(Change& change, const Report& report,
                                                      QueueId id, std::span<const Result> results,
                                                      LeaseRecord* lease, UnixTime now) {
  TRY(std::optional<Edit> edit, Edit::open(*this, change, id, now));
  if (!edit) return {};
  for (const Result& result : results) {
    TRY(std::optional<RecipientRecord> before, edit->recipient(result.index));
    if (!before || !is_believed(report, result, *before)) continue;
    bool is_open = before->state == State::leased && before->lease == report.lease;
    if (is_open && lease != nullptr && lease->outstanding > 0) --lease->outstanding;
    RecipientRecord after = with_result(*before, result);
    bool is_last_try = edit->message.expires <= now;
    switch (result.outcome) {
      case Outcome::delivered:
        TRY_VOID(edit->tell("delivered", after, result.tls));
        TRY_VOID(edit->end(result.index, *before));
        break;
      case Outcome::relayed:
        TRY_VOID(edit->relay(result.index, *before, after));
        break;
      case Outcome::temporary:
        TRY_VOID(edit->tell("deferred", after, result.tls));
        if (is_last_try) {
          TRY_VOID(edit->expire(result.index, *before, after));
          break;
        }
        after.due = std::min(pause_after(after.attempts, now), edit->message.expires);
        edit->put_back(result.index, *before, after);
        break;
      case Outcome::permanent:
        TRY_VOID(edit->fail(result.index, *before, after));
        break;
      case Outcome::not_tried:
        if (is_open)
          TRY_VOID(give_back(*edit, result.index, *before, after_breath(report, now), now));
        break;
    }
  }
  return edit->finish();
}

std::expected<void, QueueError> Queue::note_destination(Change& change, const Report& report,
                                                        const LeaseRecord& lease, UnixTime now) {
  if (lease.kind != LeaseKind::send) return {};
  TRY(std::optional<DestinationRecord> stored, change.destination(lease.destination));
  if (!stored) return {};
  DestinationRecord record = *stored;
  if (report.destination_failed && report.destination == lease.destination) {
    // Of several leases that ran into the same failure, the first counts it.
    if (record.not_before > now) return {};
    ++record.failures;
    record.not_before = pause_after(record.failures, now);
    record.reason = one_line(report.reason);
    log_event(LogLevel::info, "queue.destination_failed",
              {{"destination", lease.destination},
               {"failures", record.failures},
               {"seconds", record.not_before.seconds - now.seconds},
               {"reason", record.reason}});
  } else if (std::ranges::any_of(report.results, has_taken, &Result::outcome)) {
    record.failures = 0;
    record.not_before = {};
    record.reason.clear();
  } else {
    return {};
  }
  if (record != *stored) change.set_destination(lease.destination, record);
  return {};
}

/// What could not be tried just now cannot be an instant later either; where the destination rests
/// as a whole, its mail keeps its order.
UnixTime Queue::after_breath(const Report& report, UnixTime now) const {
  if (report.destination_failed) return {};
  return {now.seconds + std::min(options_.retry_first, k_breath).count()};
}

/// Not tried: due not before `earliest`.
std::expected<void, QueueError> Queue::give_back(Edit& edit, std::uint32_t index,
                                                 const RecipientRecord& before, UnixTime earliest,
                                                 UnixTime now) {
  if (edit.message.expires <= now) return edit.expire(index, before, before);
  RecipientRecord after = before;
  after.due = std::max(after.due, earliest);
  edit.put_back(index, before, after);
  return {};
}

std::expected<void, QueueError> Queue::give_back(Change& change, const Report& report,
                                                 const LeaseRecord& lease, UnixTime now) {
  for (QueueId message : lease.messages) {
    TRY(std::optional<Edit> edit, Edit::open(*this, change, message, now));
    if (!edit) continue;
    TRY(std::vector<std::uint32_t> indexes, edit->recipients());
    for (std::uint32_t index : indexes) {
      TRY(std::optional<RecipientRecord> before, edit->recipient(index));
      if (!before) continue;
      if (lease.kind == LeaseKind::send) {
        if (before->state == State::leased && before->lease == report.lease) {
          TRY_VOID(give_back(*edit, index, *before, after_breath(report, now), now));
        }
      } else if (before->has_notice() && before->notice_lease == report.lease) {
        RecipientRecord after = *before;
        after.notice_due = {now.seconds + options_.retry_first.count()};
        edit->set(index, *before, after);
      }
    }
  }
  return {};
}

std::expected<store::Sequence, QueueError> Queue::end_leases(UnixTime now) {
  std::vector<LeaseId> ids;
  KeyFamily family = KeyFamily::lease;
  {
    Change change(store_);
    TRY_VOID(change.scan(family_prefix(family), family_end(family), [&](BytesView key, BytesView) {
      if (auto parsed = parse_key(key)) ids.emplace_back(parsed->id);
      return true;
    }));
  }
  store::Sequence last = last_sequence_;
  for (LeaseId id : ids) {
    auto lost = report_of_lost(id);
    auto ended = lost ? report(*lost, now) : std::unexpected(lost.error());
    if (ended) {
      last = *ended;
      continue;
    }
    // One that is damaged must not stop the others; what it holds is due again at its end.
    log_event(LogLevel::error, "queue.stray_lease", {{"lease", HexId{id.value}}});
    if (ended.error() != QueueError::corrupt) return ended;
  }
  if (!ids.empty()) log_event(LogLevel::warning, "queue.leases_lost", {{"leases", ids.size()}});
  return last;
}

/// Each recipient that it still holds was tried, as far as anybody knows.
std::expected<Report, QueueError> Queue::report_of_lost(LeaseId id) {
  Report out{.lease = id, .results = {}, .is_last = true};
  Change change(store_);
  TRY(std::optional<LeaseRecord> lease, change.lease(id));
  if (!lease || lease->kind != LeaseKind::send) return out;
  for (QueueId message : lease->messages) {
    TRY(std::vector<std::uint32_t> indexes, change.recipients(message));
    for (std::uint32_t index : indexes) {
      TRY(std::optional<RecipientRecord> recipient, change.recipient(message, index));
      if (!recipient || recipient->state != State::leased || recipient->lease != id) continue;
      out.results.push_back({.message = message,
                             .index = index,
                             .outcome = Outcome::temporary,
                             .status = "4.3.0",
                             .diagnostic = "the process that sent it ended"});
    }
  }
  return out;
}

std::expected<MessageRecord, QueueError> Queue::end_notices(Change& change, LeaseId lease,
                                                            QueueId message,
                                                            std::span<const std::uint32_t> indexes,
                                                            UnixTime now) {
  if (indexes.empty()) return std::unexpected(QueueError::bad_request);
  if (lease.is_none()) return std::unexpected(QueueError::not_found);
  TRY(std::optional<LeaseRecord> record, change.lease(lease));
  TRY(std::optional<Edit> edit, Edit::open(*this, change, message, now));
  if (!edit) return std::unexpected(QueueError::not_found);
  MessageRecord about = edit->message;
  for (std::uint32_t index : indexes) {
    TRY(std::optional<RecipientRecord> before, edit->recipient(index));
    if (!before || !before->has_notice() || before->notice_lease != lease) {
      return std::unexpected(QueueError::not_found);
    }
    if (record && record->outstanding > 0) --record->outstanding;
    if (awaits_notification(before->state)) {
      TRY_VOID(edit->end(index, *before));
      continue;
    }
    RecipientRecord after = *before;
    after.delay = Delay::told;
    after.notice_due = {};
    after.notice_lease = {};
    edit->set(index, *before, after);
  }
  TRY_VOID(edit->finish());
  if (record && record->outstanding == 0) {
    change.remove_lease(lease, *record);
  } else if (record) {
    change.set_lease(lease, *record);
  }
  return about;
}

}  // namespace peregrine::queue
