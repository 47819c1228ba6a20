#pragma once
// Durability: nothing leaves core before what it depends on is on disk. A coroutine awaits
// until(sequence); commits of one sync are released together, in order of sequence.
// For core's loop thread; the store's own thread only posts to it.

#include <functional>
#include <map>
#include <memory>

#include "net/loop.h"
#include "store/store.h"

namespace peregrine::core {

class Durability {
 public:
  /// `advanced` is called with what is durable now, each time after it has grown; `failed` once
  /// when the disk has failed and nothing will become durable any more.
  Durability(net::Loop& loop, store::Store& store, std::function<void(store::Sequence)> advanced,
             std::function<void()> failed);
  ~Durability();
  Durability(const Durability&) = delete;
  Durability& operator=(const Durability&) = delete;

  class Wait {
   public:
    Wait(Durability& durability, store::Sequence sequence)
        : durability_(durability),
          sequence_(sequence),
          waiter_(durability.loop_, Deadline::max()) {}
    bool await_ready() const { return sequence_ <= durability_.store_.durable(); }
    void await_suspend(std::coroutine_handle<> handle) {
      durability_.waiting_.emplace(sequence_, &waiter_);
      waiter_.suspend(handle);
    }
    void await_resume() const {}

   private:
    Durability& durability_;
    store::Sequence sequence_;
    net::Waiter waiter_;
  };
  /// Await it: afterwards the commit with this sequence is on disk.
  [[nodiscard]] Wait until(store::Sequence sequence) { return {*this, sequence}; }

 private:
  struct Line;
  void advance(store::Sequence durable);

  net::Loop& loop_;
  store::Store& store_;
  std::function<void(store::Sequence)> advanced_;
  std::function<void()> failed_;
  std::multimap<store::Sequence, net::Waiter*> waiting_;
  std::shared_ptr<Line> line_;  // owners: this, and the store's callback
};

}  // namespace peregrine::core
