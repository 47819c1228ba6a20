#include "queue/state.h"

#include <initializer_list>

namespace peregrine::queue {
namespace {

constexpr bool is_one_of(State state, std::initializer_list<State> states) {
  for (State each : states) {
    if (each == state) return true;
  }
  return false;
}

}  // namespace

bool may_begin(State state) {
  return is_one_of(state, {State::waiting, State::held, State::delivered, State::expanded});
}

bool may_move(State from, State to) {
  switch (from) {
    case State::waiting:
      return is_one_of(to, {State::waiting, State::leased, State::held, State::failed,
                            State::relayed, State::done});
    case State::leased:
      // A lease that has ended by time gives way to the next.
      return is_one_of(to, {State::waiting, State::leased, State::held, State::failed,
                            State::relayed, State::done});
    case State::held:
      // Held while it was on its way: what the courier then says of it is believed.
      return is_one_of(to,
                       {State::waiting, State::held, State::failed, State::relayed, State::done});
    case State::failed:
    case State::delivered:
    case State::relayed:
    case State::expanded:
      // To itself: its notification was leased, or comes back.
      return to == from || to == State::done;
    case State::done:
      break;
  }
  return false;
}

bool awaits_notification(State state) {
  return is_one_of(state, {State::failed, State::delivered, State::relayed, State::expanded});
}

std::string_view state_name(State state) {
  switch (state) {
    case State::waiting:
      return "waiting";
    case State::leased:
      return "leased";
    case State::held:
      return "held";
    case State::failed:
      return "failed";
    case State::delivered:
      return "delivered";
    case State::relayed:
      return "relayed";
    case State::expanded:
      return "expanded";
    case State::done:
      return "done";
  }
  return "?";
}

}  // namespace peregrine::queue
