#include "resolver/event_base.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unbound-event.h>
#include <unistd.h>

namespace peregrine::resolver {
namespace {

using Callback = void (*)(int, short, void*);
using std::chrono::microseconds;
using std::chrono::seconds;

// Events handled before the loop does something else.
constexpr std::size_t k_batch = 64;
// Names the timer in the epoll set; events count from 1.
constexpr std::uint64_t k_timer = 0;

Monotonic::duration span_of(const timeval& value) {
  return seconds(value.tv_sec) + microseconds(value.tv_usec);
}

}  // namespace

// What the library holds of us is a pointer to one of these; what the kernel holds is its number,
// so that an event which a callback freed is not found any more.
struct EventBase::Event : ub_event {
  Base* base = nullptr;
  std::uint64_t number = 0;
  int fd = -1;
  short bits = 0;
  Callback callback = nullptr;
  void* argument = nullptr;
  bool is_watched = false;
  Monotonic::duration span{};
  std::multimap<Deadline, std::uint64_t>::iterator timer;
  bool has_timer = false;
};

struct EventBase::Base : ub_event_base {
  Base(net::Loop& loop, sys::Fd set, sys::Fd clock)
      : epoll(set.get()), timer(std::move(clock)), watch(loop, std::move(set)) {}

  void watch_fd(Event& event);
  void forget_fd(Event& event);
  void set_timer(Event& event, Monotonic::duration span);
  void drop_timer(Event& event);
  void remove(Event& event);
  void arm();
  void fire(std::uint64_t number, short bits);
  void fire_timers();
  void dispatch();

  int epoll;
  sys::Fd timer;
  net::FdWatch watch;
  bool stopped = false;
  std::uint64_t next_number = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<Event>> events;
  std::multimap<Deadline, std::uint64_t> timers;
  Deadline armed = Deadline::max();
};

namespace {

using Event = EventBase::Event;
using Base = EventBase::Base;

Event& as_event(ub_event* event) {
  return *static_cast<Event*>(event);
}

int add(ub_event* raw, timeval* span) {
  Event& event = as_event(raw);
  if ((event.bits & (UB_EV_READ | UB_EV_WRITE)) != 0 && event.fd >= 0) event.base->watch_fd(event);
  if ((event.bits & UB_EV_TIMEOUT) != 0 && span != nullptr) {
    event.base->set_timer(event, span_of(*span));
  }
  return 0;
}

int remove(ub_event* raw) {
  Event& event = as_event(raw);
  event.base->remove(event);
  return 0;
}

int add_timer(ub_event* raw, ub_event_base* /*base*/, Callback callback, void* argument,
              timeval* span) {
  Event& event = as_event(raw);
  event.callback = callback;
  event.argument = argument;
  event.bits |= UB_EV_TIMEOUT;
  event.base->set_timer(event, span_of(*span));
  return 0;
}

ub_event_vmt k_event_calls = {
    .add_bits = [](ub_event* raw, short bits) { as_event(raw).bits |= bits; },
    .del_bits = [](ub_event* raw, short bits) { as_event(raw).bits &= static_cast<short>(~bits); },
    .set_fd = [](ub_event* raw, int fd) { as_event(raw).fd = fd; },
    .free =
        [](ub_event* raw) {
          Event& event = as_event(raw);
          event.base->remove(event);
          event.base->events.erase(event.number);
        },
    .add = add,
    .del = remove,
    .add_timer = add_timer,
    .del_timer = remove,
    .add_signal = [](ub_event*, timeval*) { return 0; },
    .del_signal = [](ub_event*) { return 0; },
    .winsock_unregister_wsaevent = [](ub_event*) {},
    .winsock_tcp_wouldblock = [](ub_event*, int) {},
};

ub_event* new_event(ub_event_base* raw, int fd, short bits, Callback callback, void* argument) {
  Base& base = *static_cast<Base*>(raw);
  auto event = std::make_unique<Event>();
  event->magic = UB_EVENT_MAGIC;
  event->vmt = &k_event_calls;
  event->base = &base;
  event->number = base.next_number++;
  event->fd = fd;
  event->bits = bits;
  event->callback = callback;
  event->argument = argument;
  ub_event* out = event.get();
  base.events.emplace(event->number, std::move(event));
  return out;
}

ub_event_base_vmt k_base_calls = {
    .free = [](ub_event_base*) {},
    .dispatch = [](ub_event_base*) { return 0; },
    .loopexit = [](ub_event_base*, timeval*) { return 0; },
    .new_event = new_event,
    .new_signal = [](ub_event_base* base, int, Callback callback,
                     void* argument) { return new_event(base, -1, 0, callback, argument); },
    .winsock_register_wsaevent = [](ub_event_base*, void*, Callback, void*) -> ub_event* {
      return nullptr;
    },
};

net::Task<void> run(std::shared_ptr<Base> base) {
  while (!base->stopped) {
    Deadline deadline = deadline_in(std::chrono::hours(1));
    net::WaitResult result = co_await base->watch.readable(deadline);
    if (base->stopped || result == net::WaitResult::cancelled) co_return;
    base->dispatch();
  }
}

}  // namespace

void EventBase::Base::watch_fd(Event& event) {
  epoll_event wanted{};
  if ((event.bits & UB_EV_READ) != 0) wanted.events |= EPOLLIN;
  if ((event.bits & UB_EV_WRITE) != 0) wanted.events |= EPOLLOUT;
  wanted.data.u64 = event.number;
  int done = ::epoll_ctl(epoll, EPOLL_CTL_ADD, event.fd, &wanted);
  if (done < 0 && errno == EEXIST) done = ::epoll_ctl(epoll, EPOLL_CTL_MOD, event.fd, &wanted);
  event.is_watched = done == 0;
}

void EventBase::Base::forget_fd(Event& event) {
  if (!std::exchange(event.is_watched, false)) return;
  epoll_event unused{};
  static_cast<void>(::epoll_ctl(epoll, EPOLL_CTL_DEL, event.fd, &unused));
}

void EventBase::Base::set_timer(Event& event, Monotonic::duration span) {
  drop_timer(event);
  event.span = span;
  event.timer = timers.emplace(Monotonic::now() + span, event.number);
  event.has_timer = true;
  arm();
}

void EventBase::Base::drop_timer(Event& event) {
  if (std::exchange(event.has_timer, false)) timers.erase(event.timer);
}

void EventBase::Base::remove(Event& event) {
  forget_fd(event);
  drop_timer(event);
}

// Only ever sets the clock earlier: a timer that was dropped costs one idle turn.
void EventBase::Base::arm() {
  if (timers.empty() || timers.begin()->first >= armed) return;
  armed = timers.begin()->first;
  auto left = std::max<Monotonic::duration>(armed - Monotonic::now(), microseconds(1));
  auto whole = std::chrono::duration_cast<seconds>(left);
  itimerspec at{};
  at.it_value.tv_sec = whole.count();
  at.it_value.tv_nsec = std::chrono::nanoseconds(left - whole).count();
  static_cast<void>(::timerfd_settime(timer.get(), 0, &at, nullptr));
}

void EventBase::Base::fire(std::uint64_t number, short bits) {
  auto found = events.find(number);
  if (found == events.end()) return;
  Event& event = *found->second;
  if ((event.bits & UB_EV_PERSIST) == 0) {
    remove(event);
  } else if (event.has_timer) {
    set_timer(event, event.span);
  }
  // The event may be gone when this returns.
  event.callback(event.fd, bits, event.argument);
}

void EventBase::Base::fire_timers() {
  std::uint64_t expirations = 0;
  static_cast<void>(::read(timer.get(), &expirations, sizeof expirations));
  armed = Deadline::max();
  Deadline now = Monotonic::now();
  for (std::size_t fired = 0; fired < k_batch; ++fired) {
    if (timers.empty() || timers.begin()->first > now) break;
    std::uint64_t number = timers.begin()->second;
    drop_timer(*events.at(number));
    fire(number, UB_EV_TIMEOUT);
  }
  arm();
}

void EventBase::Base::dispatch() {
  std::array<epoll_event, k_batch> ready{};
  int count = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& each = ready.at(static_cast<std::size_t>(i));
    if (each.data.u64 == k_timer) {
      fire_timers();
      continue;
    }
    auto found = events.find(each.data.u64);
    if (found == events.end() || !found->second->is_watched) continue;
    short bits = 0;
    // An error is seen by whoever reads or writes next.
    if ((each.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) bits |= UB_EV_READ;
    if ((each.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) bits |= UB_EV_WRITE;
    bits &= found->second->bits;
    if (bits != 0) fire(each.data.u64, bits);
  }
}

EventBase::EventBase(net::Gate& gate) {
  sys::Fd set(::epoll_create1(EPOLL_CLOEXEC));
  sys::Fd clock(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  epoll_event ticks{};
  ticks.events = EPOLLIN;
  ticks.data.u64 = k_timer;
  bool opened = set && clock && ::epoll_ctl(set.get(), EPOLL_CTL_ADD, clock.get(), &ticks) == 0;
  if (!opened) set.reset();
  base_ = std::make_shared<Base>(gate.loop(), std::move(set), std::move(clock));
  base_->magic = UB_EVENT_MAGIC;
  base_->vmt = &k_base_calls;
  if (opened) gate.spawn(run(base_));
}

EventBase::~EventBase() {
  stop();
}

bool EventBase::is_open() const {
  return base_->watch.fd() >= 0;
}

ub_event_base* EventBase::handle() {
  return base_.get();
}

void EventBase::stop() {
  base_->stopped = true;
  base_->watch.cancel();
}

}  // namespace peregrine::resolver
