#pragma once
// EventBase: libunbound's event interface on a net::Loop, so that the whole resolver runs in the
// one thread of its process, without a background process or thread. All descriptors and timers of
// the library are in an epoll set and a timer descriptor of its own, both opened before the
// sandbox; the loop watches that set as one descriptor.
//
// It must outlive the ub_ctx that uses it. Same thread only.

#include <map>
#include <memory>
#include <unordered_map>

#include "net/gate.h"
#include "net/watch.h"
#include "sys/fd.h"

struct ub_event_base;

namespace peregrine::resolver {

class EventBase {
 public:
  /// Runs in `gate`, which must outlive it, until stop().
  explicit EventBase(net::Gate& gate);
  ~EventBase();
  EventBase(const EventBase&) = delete;
  EventBase& operator=(const EventBase&) = delete;

  /// Whether its descriptors could be opened.
  [[nodiscard]] bool is_open() const;
  /// For ub_ctx_create_ub_event().
  [[nodiscard]] ub_event_base* handle();
  /// Ends the coroutine; no callback runs afterwards.
  void stop();

  struct Event;
  struct Base;

 private:
  std::shared_ptr<Base> base_;  // owners: this, and the coroutine while it runs
};

}  // namespace peregrine::resolver
