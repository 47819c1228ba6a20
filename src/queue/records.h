#pragma once
// The queue's records at rest, as docs/format/queue.md describes them. Validated on every read: who
// wrote them may have been subverted (V09).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/codec.h"
#include "queue/keys.h"
#include "queue/types.h"

namespace peregrine::queue {

enum class RecordError : std::uint8_t { malformed, newer_format };
template <class T>
using Decoded = std::expected<T, RecordError>;

struct Header {
  QueueId next_message{1};
  std::uint64_t messages = 0;
  std::uint64_t recipients = 0;
  std::uint64_t double_bounces = 0;  ///< dropped: failed mail of the null sender
  Bytes secret;                      ///< of SRS: 32 bytes, or empty until it is needed
  bool operator==(const Header&) const = default;
};

struct MessageRecord {
  Envelope envelope;
  store::BlobId blob;
  std::uint64_t size = 0;  ///< of what leaves, and of its header
  std::uint64_t header_size = 0;
  std::uint64_t skip = 0;  ///< octets of the blob before that
  UnixTime arrived;
  UnixTime expires;
  UnixTime warn_at;  ///< when the sender hears of a delay; 0: never, or done
  UnixTime timer;    ///< where its timer stands; 0: it has none
  AccountId account;
  std::string submitter;
  TraceId trace;
  std::string held_because;      ///< not empty: it waits for the operator
  std::uint32_t recipients = 0;  ///< that have a record
  bool operator==(const MessageRecord&) const = default;
  [[nodiscard]] bool is_held() const { return !held_because.empty(); }
};

/// Never renumber: stored.
enum class Delay : std::uint8_t { untold = 0, pending = 1, told = 2 };

struct RecipientRecord {
  std::string address;
  std::uint32_t notify = 0;
  std::string orcpt;
  std::string destination;
  State state = State::waiting;
  std::uint32_t attempts = 0;
  UnixTime due;            ///< of the next attempt; its place while it is leased
  LeaseId lease;           ///< the last one
  LeaseId previous_lease;  ///< the one before
  UnixTime lease_expires;  ///< while it is leased
  Delay delay = Delay::untold;
  UnixTime notice_due;   ///< where its notification stands, while one is to be made
  LeaseId notice_lease;  ///< who makes it
  std::string status;    ///< of the last attempt, as its two neighbours
  std::string host;
  std::string diagnostic;
  bool operator==(const RecipientRecord&) const = default;
  [[nodiscard]] bool has_notice() const {
    return delay == Delay::pending || awaits_notification(state);
  }
};

struct DestinationRecord {
  UnixTime due;         ///< where it stands among the destinations
  Row first;            ///< no place of it is before this one
  UnixTime not_before;  ///< after it failed as a whole; 0: it has not
  std::uint32_t failures = 0;
  std::string reason;
  bool operator==(const DestinationRecord&) const = default;
};

/// Never renumber: stored.
enum class LeaseKind : std::uint8_t { send = 1, notify = 2 };

struct LeaseRecord {
  LeaseKind kind = LeaseKind::send;
  std::string destination;
  UnixTime expires;
  std::uint32_t outstanding = 0;  ///< recipients without a report
  std::vector<QueueId> messages;  ///< ascending
  bool operator==(const LeaseRecord&) const = default;
};

struct TraceRecord {
  UnixTime started;
  std::uint32_t events = 0;
  bool operator==(const TraceRecord&) const = default;
};

struct EventRecord {
  std::uint64_t time = 0;  ///< Unix milliseconds
  std::string event;
  std::string text;
  std::vector<std::string> addresses;  ///< by which it can be found, canonical
  bool operator==(const EventRecord&) const = default;
};

inline constexpr std::size_t k_max_destination = 255;
inline constexpr std::size_t k_max_leased_messages = 100;
inline constexpr std::size_t k_max_event_addresses = 100;

/// A destination as keys can hold it: lower case, printable, not empty.
bool is_valid_destination(std::string_view name);

Bytes encode(const Header& record);
Bytes encode(const MessageRecord& record);
Bytes encode(const RecipientRecord& record);
Bytes encode(const DestinationRecord& record);
Bytes encode(const LeaseRecord& record);
Bytes encode(const TraceRecord& record);
Bytes encode(const EventRecord& record);
/// Of a row, whose key says it all.
Bytes encode_marker();

Decoded<Header> decode_header(BytesView bytes);
Decoded<MessageRecord> decode_message(BytesView bytes);
Decoded<RecipientRecord> decode_recipient(BytesView bytes);
Decoded<DestinationRecord> decode_destination(BytesView bytes);
Decoded<LeaseRecord> decode_lease(BytesView bytes);
Decoded<TraceRecord> decode_trace(BytesView bytes);
Decoded<EventRecord> decode_event(BytesView bytes);

}  // namespace peregrine::queue
