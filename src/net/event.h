#pragma once
// WaitFor: the awaitable behind every single-waiter wait. It parks its Waiter in a slot; whoever
// finds the slot filled takes it out and finishes it. Event: a flag that one coroutine waits for.

#include <coroutine>
#include <utility>

#include "net/loop.h"

namespace peregrine::net {

class WaitFor {
 public:
  WaitFor(Loop& loop, Waiter*& slot, Deadline deadline) : waiter_(loop, deadline), slot_(slot) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    slot_ = &waiter_;
    waiter_.on_timeout = [this] { slot_ = nullptr; };
    waiter_.suspend(handle);
  }
  [[nodiscard]] WaitResult await_resume() const { return waiter_.result(); }

 private:
  Waiter waiter_;
  Waiter*& slot_;
};

/// Set by notify(), cleared by the wait that saw it. One waiter at a time; same thread.
class Event {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void notify() {
    if (waiter_ != nullptr) {
      std::exchange(waiter_, nullptr)->finish(WaitResult::ready);
    } else {
      set_ = true;
    }
  }
  void cancel() {
    if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->finish(WaitResult::cancelled);
  }

  class Wait : public WaitFor {
   public:
    Wait(Event& event, Deadline deadline)
        : WaitFor(event.loop_, event.waiter_, deadline), event_(event) {}
    bool await_ready() { return std::exchange(event_.set_, false); }

   private:
    Event& event_;
  };
  [[nodiscard]] Wait wait(Deadline deadline) { return {*this, deadline}; }

 private:
  Loop& loop_;
  Waiter* waiter_ = nullptr;
  bool set_ = false;
};

}  // namespace peregrine::net
