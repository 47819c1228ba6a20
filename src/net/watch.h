#pragma once
// FdWatch: readiness of one descriptor. It owns the descriptor; reads and writes are the caller's
// own system calls. One waiter a direction.

#include <memory>

#include "net/event.h"
#include "net/loop.h"
#include "sys/fd.h"

namespace peregrine::net {

class FdWatch {
 public:
  /// The descriptor must be non-blocking.
  FdWatch(Loop& loop, sys::Fd fd);
  ~FdWatch();
  FdWatch(FdWatch&&) noexcept;
  FdWatch& operator=(FdWatch&&) noexcept;

  [[nodiscard]] int fd() const;
  /// Await it: ready means that a read (write) is worth trying.
  [[nodiscard]] WaitFor readable(Deadline deadline);
  [[nodiscard]] WaitFor writable(Deadline deadline);
  /// Ends both waits with WaitResult::cancelled, after the present handler.
  void cancel();
  /// Takes the descriptor out of the loop and gives it away; the watch is empty then.
  sys::Fd release();

 private:
  struct State;
  // Shared with the handlers that Asio still holds: each of them keeps the state alive until it has
  // run, also after the watch is gone.
  std::shared_ptr<State> state_;
};

}  // namespace peregrine::net
