#pragma once
// The queue's keys in the system partition, all of which begin with 'q' (docs/format/queue.md).
// Integers are big-endian, so that rows sort by time; a name before further fields ends with a NUL,
// which no name contains.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "queue/types.h"

namespace peregrine::queue {

inline constexpr char k_key_prefix = 'q';

/// Second byte of a key. Never renumber: stored.
enum class KeyFamily : std::uint8_t {
  header = 1,
  message = 2,          ///< + message
  recipient = 3,        ///< + message + index
  due = 4,              ///< + destination NUL + time + message + index
  destination = 5,      ///< + destination
  due_destination = 6,  ///< + time + destination
  lease = 7,            ///< + lease
  lease_of = 8,         ///< + destination NUL + lease
  timer = 9,            ///< + time + message
  trace = 16,           ///< + trace
  trace_event = 17,     ///< + trace + number
  trace_time = 18,      ///< + time + trace
  trace_address = 19,   ///< + address NUL + time + trace
};

/// The place of a recipient, or of its notification, among those of its destination. The
/// notifications have the empty destination.
struct Row {
  UnixTime time;
  QueueId message;
  std::uint32_t index = 0;
  auto operator<=>(const Row&) const = default;
};

Bytes family_prefix(KeyFamily family);
/// The first key after all of the family.
Bytes family_end(KeyFamily family);
/// The first key after all of the queue's.
Bytes queue_end();

Bytes header_key();
Bytes message_key(QueueId message);
Bytes recipient_key(QueueId message, std::uint32_t index);
/// Of all of a message's recipients.
Bytes recipients_prefix(QueueId message);
Bytes due_key(const std::string& destination, const Row& row);
Bytes due_prefix(const std::string& destination);
Bytes destination_key(const std::string& destination);
Bytes due_destination_key(UnixTime time, const std::string& destination);
Bytes lease_key(LeaseId lease);
Bytes lease_of_key(const std::string& destination, LeaseId lease);
Bytes lease_of_prefix(const std::string& destination);
Bytes timer_key(UnixTime time, QueueId message);
Bytes trace_key(TraceId trace);
Bytes trace_event_key(TraceId trace, std::uint32_t number);
Bytes trace_events_prefix(TraceId trace);
Bytes trace_time_key(UnixTime started, TraceId trace);
Bytes trace_address_key(const std::string& address, UnixTime started, TraceId trace);
Bytes trace_address_prefix(const std::string& address);

/// The smallest key above all that begin with `prefix`, which begins with 'q'.
Bytes after(Bytes prefix);

/// What a key says, as far as its family has it; nothing for bytes that are no key of ours.
struct ParsedKey {
  KeyFamily family = KeyFamily::header;
  std::string name;  ///< destination or address
  UnixTime time;
  std::uint64_t id = 0;     ///< message, lease or trace
  std::uint32_t index = 0;  ///< or number
};
std::optional<ParsedKey> parse_key(BytesView key);
std::string_view family_name(KeyFamily family);

}  // namespace peregrine::queue
