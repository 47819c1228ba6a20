#include "queue/edit.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::queue {

UnixTime timer_of(const MessageRecord& message) {
  // Who holds a message decides about it.
  if (message.is_held()) return {};
  if (message.warn_at.seconds == 0) return message.expires;
  return std::min(message.warn_at, message.expires);
}

std::expected<std::optional<Edit>, QueueError> Edit::open(Queue& queue, Change& change, QueueId id,
                                                          UnixTime now) {
  TRY(std::optional<MessageRecord> record, change.message(id));
  if (!record) return std::nullopt;
  return Edit(queue, change, id, *std::move(record), now);
}

void Edit::set(std::uint32_t index, const RecipientRecord& before, const RecipientRecord& after) {
  change_.set_recipient(id_, index, before, after);
}

std::expected<void, QueueError> Edit::end(std::uint32_t index, const RecipientRecord& before) {
  change_.set_recipient(id_, index, before, std::nullopt);
  TRY(Header * header, change_.header());
  if (header->recipients > 0) --header->recipients;
  if (message.recipients > 0) --message.recipients;
  return {};
}

std::expected<void, QueueError> Edit::fail(std::uint32_t index, const RecipientRecord& before,
                                           RecipientRecord after) {
  TRY_VOID(tell("failed", after));
  if (message.envelope.mail_from.empty()) {
    // RFC 5321 section 6.1: nobody is told that a notification could not be delivered.
    TRY(Header * header, change_.header());
    ++header->double_bounces;
    log_event(LogLevel::warning, "queue.double_bounce",
              {{"queue", HexId{id_.value}},
               {"msg", HexId{message.trace.value}},
               {"to", after.address},
               {"status", after.status},
               {"diagnostic", after.diagnostic}});
    return end(index, before);
  }
  // RFC 3461 section 4.1: without the parameter a failure is told, with it only when it says so.
  bool is_told = after.notify == 0 || has(after.notify, Notify::failure);
  log_event(LogLevel::info, "queue.failed",
            {{"queue", HexId{id_.value}},
             {"msg", HexId{message.trace.value}},
             {"to", after.address},
             {"status", after.status},
             {"told", is_told}});
  if (!is_told) return end(index, before);
  after.state = State::failed;
  after.delay = Delay::told;
  after.notice_due = now_;
  after.notice_lease = {};
  set(index, before, after);
  return {};
}

std::expected<void, QueueError> Edit::expire(std::uint32_t index, const RecipientRecord& before,
                                             RecipientRecord after) {
  // RFC 3463 section 3.5: delivery time expired; RFC 2852 for a time that the sender set.
  after.status = message.envelope.deliver_by_return ? "5.4.7" : "4.4.7";
  TRY(std::optional<DestinationRecord> destination, change_.destination(before.destination));
  if (after.diagnostic.empty() && destination) after.diagnostic = destination->reason;
  if (after.diagnostic.empty()) after.diagnostic = "delivery time expired";
  return fail(index, before, std::move(after));
}

std::expected<void, QueueError> Edit::relay(std::uint32_t index, const RecipientRecord& before,
                                            RecipientRecord after) {
  TRY_VOID(tell("relayed", after));
  if (message.envelope.mail_from.empty() || !has(after.notify, Notify::success)) {
    return end(index, before);
  }
  // RFC 3461 section 5.2.2: relayed to a server that does not know DSN.
  after.state = State::relayed;
  after.delay = Delay::told;
  after.notice_due = now_;
  after.notice_lease = {};
  set(index, before, after);
  return {};
}

void Edit::put_back(std::uint32_t index, const RecipientRecord& before, RecipientRecord after) {
  after.state = message.is_held() ? State::held : State::waiting;
  after.lease_expires = {};
  set(index, before, after);
}

std::expected<void, QueueError> Edit::tell(std::string event, const RecipientRecord& recipient,
                                           std::string_view tls) {
  std::string text = fmt::format("to={} destination={}", recipient.address, recipient.destination);
  if (!recipient.host.empty()) text += fmt::format(" host={}", recipient.host);
  if (!tls.empty()) text += fmt::format(" tls=\"{}\"", tls);
  if (!recipient.status.empty()) text += fmt::format(" status={}", recipient.status);
  if (!recipient.diagnostic.empty()) text += fmt::format(" reply=\"{}\"", recipient.diagnostic);
  return queue_->trace(change_, message.trace, {std::move(event), std::move(text), {}}, now_);
}

std::expected<void, QueueError> Edit::finish() {
  if (message.recipients == 0) {
    TRY(Header * header, change_.header());
    if (header->messages > 0) --header->messages;
    change_.set_message(id_, before_, std::nullopt);
    return {};
  }
  if (message != before_) change_.set_message(id_, before_, message);
  return {};
}

}  // namespace peregrine::queue
