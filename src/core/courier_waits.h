#pragma once
// CourierWaits: the lease calls that wait until something is due, and what their answers depend on:
// nothing that is not on disk may be sent. One call is woken at a time, and each that ends wakes
// the next while there is more: what is due goes to as many as can take it, and a message does not
// wake everybody. For core's loop thread alone.

#include <algorithm>
#include <list>
#include <string>
#include <utility>

#include "net/event.h"
#include "store/store.h"

namespace peregrine::core {

class CourierWaits {
 public:
  /// One call, from construction to destruction. `waits` outlives it.
  class Waiting {
   public:
    /// `prefer`: the destination that it has a connection to, or empty.
    Waiting(CourierWaits& waits, net::Loop& loop, std::string prefer)
        : waits_(waits), prefer_(std::move(prefer)), event_(loop) {
      waits_.present_.push_back(this);
    }
    ~Waiting() {
      waits_.present_.remove(this);
      if (wakes_next_) waits_.wake_one({});
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    [[nodiscard]] net::Event::Wait until(Deadline deadline) { return event_.wait(deadline); }
    void cancel() { event_.cancel(); }
    /// Nothing else is due: nobody need look.
    void is_all() { wakes_next_ = false; }

   private:
    friend CourierWaits;
    CourierWaits& waits_;
    std::string prefer_;
    net::Event event_;
    bool wakes_next_ = true;
  };

  /// Mail for `destination` has come into the queue, with that commit.
  void queued(store::Sequence sequence, const std::string& destination) {
    queued_ = std::max(queued_, sequence);
    wake_one(destination);
  }
  /// Something may be due earlier than before: wakes the call that waits for that destination, else
  /// one that waits for anything, else any.
  void wake_one(const std::string& destination) {
    auto best = present_.end();
    int best_rank = 0;
    for (auto each = present_.begin(); each != present_.end() && best_rank < 3; ++each) {
      const std::string& prefer = (*each)->prefer_;
      int rank = prefer.empty() ? 2 : 1;
      if (!destination.empty() && prefer == destination) rank = 3;
      if (rank > best_rank) {
        best = each;
        best_rank = rank;
      }
    }
    if (best == present_.end()) return;
    Waiting* chosen = *best;
    // The others have their turn first.
    present_.splice(present_.end(), present_, best);
    chosen->event_.notify();
  }
  /// Everything in the queue is on disk once this is.
  [[nodiscard]] store::Sequence queued() const { return queued_; }

 private:
  std::list<Waiting*> present_;
  store::Sequence queued_;
};

}  // namespace peregrine::core
