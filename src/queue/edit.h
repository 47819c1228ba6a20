#pragma once
// Edit: one message of the queue and its recipients while they are changed. What ends a recipient,
// and who is told of it, is decided here. Of the queue's own functions.

#include "queue/queue.h"

namespace peregrine::queue {

class Edit {
 public:
  /// Nothing when the message is gone.
  static std::expected<std::optional<Edit>, QueueError> open(Queue& queue, Change& change,
                                                             QueueId id, UnixTime now);

  [[nodiscard]] QueueId id() const { return id_; }
  MessageRecord message;

  std::expected<std::optional<RecipientRecord>, QueueError> recipient(std::uint32_t index) {
    return change_.recipient(id_, index);
  }
  std::expected<std::vector<std::uint32_t>, QueueError> recipients() {
    return change_.recipients(id_);
  }

  void set(std::uint32_t index, const RecipientRecord& before, const RecipientRecord& after);
  std::expected<void, QueueError> end(std::uint32_t index, const RecipientRecord& before);
  /// Failed for good, for the reason that `after` carries: its sender is told, or nobody.
  std::expected<void, QueueError> fail(std::uint32_t index, const RecipientRecord& before,
                                       RecipientRecord after);
  /// Failed because its time is over; `after` says what the last attempt came to.
  std::expected<void, QueueError> expire(std::uint32_t index, const RecipientRecord& before,
                                         RecipientRecord after);
  /// The remote has it, and does not tell the sender.
  std::expected<void, QueueError> relay(std::uint32_t index, const RecipientRecord& before,
                                        RecipientRecord after);
  /// Back among those that wait, or that are held.
  void put_back(std::uint32_t index, const RecipientRecord& before, RecipientRecord after);

  std::expected<void, QueueError> tell(std::string event, const RecipientRecord& recipient,
                                       std::string_view tls = {});
  /// Writes the message, or removes it with its last recipient.
  std::expected<void, QueueError> finish();

 private:
  Edit(Queue& queue, Change& change, QueueId id, MessageRecord record, UnixTime now)
      : message(record),
        queue_(&queue),
        change_(change),
        id_(id),
        before_(std::move(record)),
        now_(now) {}

  Queue* queue_;
  Change& change_;
  QueueId id_;
  MessageRecord before_;
  UnixTime now_;
};

/// The time at which the message is looked at next; 0: not by itself.
UnixTime timer_of(const MessageRecord& message);

}  // namespace peregrine::queue
