#include "net/gate.h"

#include "net/event.h"

namespace peregrine::net {

void Gate::spawn(Task<void> task) {
  ++running_;
  run(*this, std::move(task));
}

Gate::Detached Gate::run(Gate& gate, Task<void> task) {
  co_await task;
  gate.left();
}

void Gate::left() {
  if (--running_ > 0 || drain_waiter_ == nullptr) return;
  Waiter* waiter = std::exchange(drain_waiter_, nullptr);
  waiter->finish(WaitResult::ready);
}

Task<bool> Gate::drained(Deadline deadline) {
  if (running_ == 0) co_return true;
  WaitResult result = co_await WaitFor(loop_, drain_waiter_, deadline);
  co_return result == WaitResult::ready;
}

}  // namespace peregrine::net
