#include "net/watch.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include "net/loop_impl.h"

namespace peregrine::net {

using Descriptor = boost::asio::posix::stream_descriptor;

struct FdWatch::State : std::enable_shared_from_this<State> {
  struct Side {
    Waiter* waiter = nullptr;
    bool pending = false;  // Asio holds a handler for this side
  };

  // Without a descriptor the watch is empty from the start, as after release().
  State(Loop& l, int fd) : loop(l), descriptor(l.impl().context) {
    if (fd >= 0) descriptor.assign(fd);
  }

  void start(Side& side, Descriptor::wait_type type) {
    if (side.pending) return;
    side.pending = true;
    descriptor.async_wait(type, [self = shared_from_this(), &side](boost::system::error_code) {
      side.pending = false;
      if (side.waiter == nullptr) return;
      // After release() the descriptor is closed and the waiters are told that.
      WaitResult result = self->descriptor.is_open() ? WaitResult::ready : WaitResult::cancelled;
      std::exchange(side.waiter, nullptr)->finish(result);
    });
  }

  void cancel_side(Side& side) {
    if (side.waiter != nullptr) {
      std::exchange(side.waiter, nullptr)->finish(WaitResult::cancelled);
    }
  }

  Loop& loop;
  Descriptor descriptor;
  Side read, write;
};

FdWatch::FdWatch(Loop& loop, sys::Fd fd) : state_(std::make_shared<State>(loop, fd.release())) {}

FdWatch::~FdWatch() {
  release();
}
FdWatch::FdWatch(FdWatch&&) noexcept = default;

FdWatch& FdWatch::operator=(FdWatch&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
  }
  return *this;
}

int FdWatch::fd() const {
  return state_ && state_->descriptor.is_open() ? state_->descriptor.native_handle() : -1;
}

WaitFor FdWatch::readable(Deadline deadline) {
  state_->start(state_->read, Descriptor::wait_read);
  return {state_->loop, state_->read.waiter, deadline};
}

WaitFor FdWatch::writable(Deadline deadline) {
  state_->start(state_->write, Descriptor::wait_write);
  return {state_->loop, state_->write.waiter, deadline};
}

void FdWatch::cancel() {
  if (!state_) return;
  state_->loop.post([state = state_] {
    state->cancel_side(state->read);
    state->cancel_side(state->write);
  });
}

// Never Asio's own close(): it trusts that closing takes the descriptor out of the epoll set, which
// is not so while another process holds the same open file.
sys::Fd FdWatch::release() {
  if (!state_ || !state_->descriptor.is_open()) return {};
  cancel();
  return sys::Fd(state_->descriptor.release());
}

}  // namespace peregrine::net
