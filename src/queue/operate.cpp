// Queue: what the operator sees and does.
#include <algorithm>

#include "base/log.h"
#include "base/result.h"
#include "queue/edit.h"

namespace peregrine::queue {
namespace {

/// `pattern`: an address or "@domain"; what it means is compared as for our own mailboxes.
bool matches_address(std::string_view pattern, const std::string& text) {
  if (pattern.empty()) return true;
  auto address = Address::parse(text);
  if (!address) return pattern == "<>" && text.empty();
  if (pattern.front() == '@') return iequals(pattern.substr(1), address->domain());
  auto wanted = Address::parse(pattern);
  return wanted && wanted->key() == address->key();
}

/// What the action does to one recipient.
std::expected<void, QueueError> apply(Edit& edit, std::uint32_t index,
                                      const RecipientRecord& before, Action action,
                                      const std::string& route, UnixTime now) {
  RecipientRecord after = before;
  if (action == Action::drop) {
    TRY_VOID(edit.tell("dropped", before));
    return edit.end(index, before);
  }
  if (awaits_notification(before.state)) return {};
  switch (action) {
    case Action::bounce:
      after.status = "5.0.0";
      if (after.diagnostic.empty()) after.diagnostic = "returned by the operator";
      return edit.fail(index, before, after);
    case Action::retry:
      after.due = now;
      break;
    case Action::route:
      after.destination = route;
      after.due = now;
      break;
    case Action::hold:
      if (after.state == State::waiting) after.state = State::held;
      break;
    case Action::release:
      if (after.state == State::held) after.state = State::waiting;
      after.due = now;
      break;
    case Action::drop:
      return {};
  }
  edit.set(index, before, after);
  return {};
}

/// Its rest, if it has one, is over.
std::expected<void, QueueError> wake_destination(Change& change, const std::string& name) {
  TRY(std::optional<DestinationRecord> destination, change.destination(name));
  if (!destination || destination->not_before.seconds == 0) return {};
  destination->not_before = {};
  change.set_destination(name, *destination);
  return {};
}

}  // namespace

bool Filter::matches(QueueId id, const MessageRecord& record) const {
  return (message.is_none() || message == id) && (!only_held || record.is_held()) &&
         matches_address(sender, record.envelope.mail_from);
}

bool Filter::matches(const MessageRecord&, const RecipientRecord& record) const {
  return (destination.empty() || iequals(destination, record.destination)) &&
         (!only_failing || record.attempts > 0) && matches_address(recipient, record.address);
}

std::expected<std::optional<LeasedMessage>, QueueError> Queue::describe(QueueId id,
                                                                        const Filter& filter) {
  Change change(store_);
  TRY(std::optional<MessageRecord> record, change.message(id));
  if (!record || !filter.matches(id, *record)) return std::nullopt;
  LeasedMessage out{id, *std::move(record), {}};
  Bytes prefix = recipients_prefix(id);
  TRY_VOID(change.scan(prefix, after(prefix), [&](BytesView key, BytesView value) {
    auto parsed = parse_key(key);
    auto recipient = decode_recipient(value);
    if (parsed && recipient && filter.matches(out.record, *recipient)) {
      out.recipients.emplace_back(parsed->index, *std::move(recipient));
    }
    return true;
  }));
  if (out.recipients.empty()) return std::nullopt;
  return out;
}

std::expected<std::vector<QueueId>, QueueError> Queue::select(const Filter& filter, QueueId& from,
                                                              std::size_t limit,
                                                              std::size_t looked_at) {
  std::vector<QueueId> seen;
  if (!filter.message.is_none()) {
    seen.push_back(filter.message);
    from = {};
  } else {
    Change change(store_);
    TRY_VOID(change.scan(message_key(from), family_end(KeyFamily::message),
                         [&](BytesView key, BytesView) {
                           if (auto parsed = parse_key(key)) seen.emplace_back(parsed->id);
                           return seen.size() < looked_at;
                         }));
    from = seen.size() < looked_at ? QueueId{} : seen.back().next();
  }
  std::vector<QueueId> out;
  for (QueueId id : seen) {
    if (out.size() >= limit) {
      from = id;
      break;
    }
    auto found = describe(id, filter);
    if (found && *found) out.push_back(id);
    if (!found && found.error() == QueueError::io) return std::unexpected(found.error());
  }
  return out;
}

std::expected<store::Sequence, QueueError> Queue::operate(std::span<const QueueId> ids,
                                                          const Filter& filter, Action action,
                                                          const std::string& route, UnixTime now) {
  if (action == Action::route && !is_valid_destination(route)) {
    return std::unexpected(QueueError::bad_request);
  }
  Change change(store_);
  for (QueueId id : ids) TRY_VOID(operate_on(change, id, filter, action, route, now));
  return commit(change, now);
}

std::expected<void, QueueError> Queue::operate_on(Change& change, QueueId id, const Filter& filter,
                                                  Action action, const std::string& route,
                                                  UnixTime now) {
  TRY(std::optional<Edit> edit, Edit::open(*this, change, id, now));
  if (!edit || !filter.matches(id, edit->message)) return {};
  MessageRecord& message = edit->message;
  if (action == Action::hold) message.held_because = "by the operator";
  if (action == Action::release && message.is_held()) {
    // Its time in the queue begins anew: it was not the mail that was slow.
    message.held_because.clear();
    message.expires = std::max(message.expires, UnixTime{now.seconds + options_.lifetime.count()});
    if (message.warn_at.seconds != 0) {
      message.warn_at =
          std::max(message.warn_at, UnixTime{now.seconds + options_.delay_warning.count()});
    }
  }
  // Holding and releasing are of the message as a whole.
  bool is_whole = action == Action::hold || action == Action::release;
  TRY(std::vector<std::uint32_t> indexes, edit->recipients());
  for (std::uint32_t index : indexes) {
    TRY(std::optional<RecipientRecord> before, edit->recipient(index));
    if (!before || (!is_whole && !filter.matches(message, *before))) continue;
    TRY_VOID(apply(*edit, index, *before, action, route, now));
    if (action == Action::retry) TRY_VOID(wake_destination(change, before->destination));
  }
  message.timer = timer_of(message);
  return edit->finish();
}

}  // namespace peregrine::queue
