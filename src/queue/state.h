#pragma once
// The states of a recipient in the queue and the moves between them: the table of
// docs/format/queue.md. The queue refuses every other move.

#include <array>
#include <cstdint>
#include <string_view>

namespace peregrine::queue {

/// Never renumber: stored. `done` is not: a recipient that is done has no record.
enum class State : std::uint8_t {
  waiting = 1,    ///< to be sent when its time comes
  leased = 2,     ///< with the courier
  held = 3,       ///< until the operator releases it
  failed = 4,     ///< for good; its sender is to be told
  delivered = 5,  ///< here; its sender asked to be told
  relayed = 6,    ///< to a server that does not tell; its sender asked to be told
  expanded = 7,   ///< to a list's members; its sender asked to be told
  done = 8,
};

inline constexpr std::array k_states = {State::waiting,  State::leased,    State::held,
                                        State::failed,   State::delivered, State::relayed,
                                        State::expanded, State::done};

/// Whether a recipient may enter the queue in this state.
bool may_begin(State state);
bool may_move(State from, State to);
/// Nothing is sent to it any more; only its notification is missing.
bool awaits_notification(State state);

std::string_view state_name(State state);

}  // namespace peregrine::queue
