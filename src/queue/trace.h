#pragma once
// The story of each message, for `peregrine trace`: events under the message's trace id, found also
// by the addresses that they name, and forgotten after a time. Bounded for each message. Events are
// written with the change that they tell of.

#include <functional>
#include <string>
#include <vector>

#include "queue/change.h"

namespace peregrine::queue {

/// Events kept of one message; the last says that there were more.
inline constexpr std::uint32_t k_max_events = 500;

struct Event {
  std::string event;                   ///< "received", "queued", "delivered", …
  std::string text;                    ///< "key=value key=value"
  std::vector<std::string> addresses;  ///< canonical; the event is found by them
};

/// Does nothing for a message without a trace id.
std::expected<void, QueueError> add_event(Change& change, TraceId trace, const Event& event,
                                          UnixTime now);

/// The events of one message, oldest first.
std::expected<std::vector<EventRecord>, QueueError> events_of(store::Store& store, TraceId trace);
/// The messages that name the address (Address::key() of it), oldest first, from the one behind
/// `position` on; at most `limit`. `position` moves on.
std::expected<std::vector<TraceId>, QueueError> traces_of(store::Store& store,
                                                          const std::string& address,
                                                          Bytes& position, std::size_t limit);

/// Removes some stories that began before `keep_from`; true when there are more.
std::expected<bool, QueueError> purge_traces(Change& change, UnixTime keep_from, std::size_t limit);

}  // namespace peregrine::queue
