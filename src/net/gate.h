#pragma once
// Gate: owns coroutines that nobody awaits. spawn() starts one; drained() waits until all of them
// have ended, which is how a process or a connection ends in order. The gate must outlive them.

#include <coroutine>
#include <cstddef>

#include "net/loop.h"
#include "net/task.h"

namespace peregrine::net {

class Gate {
 public:
  explicit Gate(Loop& loop) : loop_(loop) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  [[nodiscard]] Loop& loop() const { return loop_; }
  /// Runs `task` until its first wait, then on the loop.
  void spawn(Task<void> task);
  [[nodiscard]] std::size_t running() const { return running_; }

  /// Waits until nothing runs any more; false when the deadline came first. One waiter at a time.
  Task<bool> drained(Deadline deadline);

 private:
  struct Detached {
    struct promise_type {
      Detached get_return_object() { return {}; }
      std::suspend_never initial_suspend() noexcept { return {}; }
      std::suspend_never final_suspend() noexcept { return {}; }
      void return_void() noexcept {}
      void unhandled_exception() noexcept { std::terminate(); }
    };
  };
  static Detached run(Gate& gate, Task<void> task);
  void left();

  Loop& loop_;
  std::size_t running_ = 0;
  Waiter* drain_waiter_ = nullptr;
};

}  // namespace peregrine::net
