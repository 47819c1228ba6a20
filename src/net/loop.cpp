#include "net/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "net/loop_impl.h"

namespace peregrine::net {

namespace asio = boost::asio;

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->context.run();
  // A loop that was stopped can run again.
  impl_->context.restart();
}
void Loop::stop() {
  impl_->context.stop();
}
void Loop::post(std::function<void()> work) {
  asio::post(impl_->context, std::move(work));
}

Loop::Timers::iterator Loop::add_timer(Deadline deadline, Waiter& waiter) {
  auto timer = timers_.emplace(deadline, &waiter);
  if (deadline < armed_) arm();
  return timer;
}

// The timer stays armed for a deadline that is gone: it fires once for nothing, which is cheaper
// than a system call for every wait that ends well.
void Loop::remove_timer(Timers::iterator timer) {
  timers_.erase(timer);
}

void Loop::arm() {
  armed_ = timers_.empty() ? Deadline::max() : timers_.begin()->first;
  if (armed_ == Deadline::max()) return;
  impl_->timer.expires_at(armed_);
  impl_->timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) expire();
  });
}

void Loop::expire() {
  armed_ = Deadline::max();
  Deadline now = Monotonic::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Waiter& waiter = *timers_.begin()->second;
    if (waiter.on_timeout) waiter.on_timeout();
    waiter.finish(WaitResult::timed_out);
  }
  arm();
}

void Waiter::suspend(std::coroutine_handle<> handle) {
  handle_ = handle;
  if (deadline_ == Deadline::max()) return;
  timer_ = loop_.add_timer(deadline_, *this);
  has_timer_ = true;
}

void Waiter::finish(WaitResult result) {
  if (!handle_) return;
  if (std::exchange(has_timer_, false)) loop_.remove_timer(timer_);
  result_ = result;
  std::exchange(handle_, {}).resume();
}

}  // namespace peregrine::net
