#pragma once
// Loop: one thread's event loop. Everything in net, rpc and the workers runs on it; post() alone
// may be called from other threads. Waiter is the one way in which a coroutine waits for the loop:
// it ends ready, timed out or cancelled.

#include <coroutine>
#include <functional>
#include <map>
#include <memory>

#include "base/time.h"

namespace peregrine::net {

enum class WaitResult : std::uint8_t { ready, timed_out, cancelled };

class Waiter;

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs until stop(). Returns also when nothing is left to wait for.
  void run();
  void stop();
  /// Runs `work` on the loop after the present handler. Thread-safe.
  void post(std::function<void()> work);

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  friend class Waiter;
  using Timers = std::multimap<Deadline, Waiter*>;
  Timers::iterator add_timer(Deadline deadline, Waiter& waiter);
  void remove_timer(Timers::iterator timer);
  void arm();
  void expire();

  std::unique_ptr<Impl> impl_;
  Timers timers_;
  Deadline armed_ = Deadline::max();
};

/// One suspended coroutine with a deadline. Lives in the awaiting frame. finish() resumes it.
class Waiter {
 public:
  Waiter(Loop& loop, Deadline deadline) : loop_(loop), deadline_(deadline) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void suspend(std::coroutine_handle<> handle);
  /// Resumes the coroutine, at once. The waiter may be gone when this returns.
  void finish(WaitResult result);
  [[nodiscard]] WaitResult result() const { return result_; }
  [[nodiscard]] bool is_waiting() const { return static_cast<bool>(handle_); }

  /// Called when the deadline passes, before the coroutine is resumed: forget this waiter.
  std::function<void()> on_timeout;

 private:
  friend class Loop;
  Loop& loop_;
  Deadline deadline_;
  WaitResult result_ = WaitResult::ready;
  std::coroutine_handle<> handle_;
  std::multimap<Deadline, Waiter*>::iterator timer_;
  bool has_timer_ = false;
};

/// Waits until `deadline`. `co_await sleep_until(loop, deadline_in(1s))`.
class SleepUntil {
 public:
  SleepUntil(Loop& loop, Deadline deadline) : waiter_(loop, deadline) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) { waiter_.suspend(handle); }
  void await_resume() const {}

 private:
  Waiter waiter_;
};

inline SleepUntil sleep_until(Loop& loop, Deadline deadline) {
  return {loop, deadline};
}

}  // namespace peregrine::net
