#pragma once
// CourierWaits: the lease calls that wait until something is due, and what their answers depend on:
// nothing that is not on disk may be sent. For core's loop thread alone.

#include <algorithm>
#include <set>

#include "net/event.h"
#include "store/store.h"

namespace peregrine::core {

class CourierWaits {
 public:
  /// One call, from construction to destruction. `waits` outlives it.
  class Waiting {
   public:
    Waiting(CourierWaits& waits, net::Loop& loop) : waits_(waits), event_(loop) {
      waits_.events_.insert(&event_);
    }
    ~Waiting() { waits_.events_.erase(&event_); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    [[nodiscard]] net::Event::Wait until(Deadline deadline) { return event_.wait(deadline); }
    void cancel() { event_.cancel(); }

   private:
    CourierWaits& waits_;
    net::Event event_;
  };

  /// Something has come into the queue, with that commit, or is due earlier than before.
  void wake(store::Sequence sequence) {
    queued_ = std::max(queued_, sequence);
    // A call that goes on may end and take itself out.
    std::set<net::Event*> present = events_;
    for (net::Event* event : present) {
      if (events_.contains(event)) event->notify();
    }
  }
  /// Everything in the queue is on disk once this is.
  [[nodiscard]] store::Sequence queued() const { return queued_; }

 private:
  std::set<net::Event*> events_;
  store::Sequence queued_;
};

}  // namespace peregrine::core
