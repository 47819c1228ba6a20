#pragma once
// Slots: how many connections go to one place at a time, and which of them gets the next lease. A
// place is a destination and where its connections come from; one that says they are too many gets
// half, and one more for each round of successes, up to what the configuration has.

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "api/client.h"
#include "base/time.h"
#include "net/event.h"
#include "net/task.h"

namespace peregrine::courier {

/// A lease on its way to the session that sends it, and what that session has to say of its end.
struct Errand {
  explicit Errand(net::Loop& loop) : done(loop) {}
  api::LeaseResponse lease;
  std::string place;                         ///< where the sessions that can send it have theirs
  std::optional<api::ReportRequest> report;  ///< set when `done`, if core does not have it yet
  net::Event done;
};

enum class Entry : std::uint8_t {
  entered,  ///< is paired with one leave()
  taken,    ///< a session that has a place has the errand
  timed_out,
};

enum class Visit : std::uint8_t {
  welcome,
  neutral,   ///< nothing was learned
  too_many,  ///< the place turned us away for now
};

class Slots {
 public:
  /// A session that has a place, and nothing to do; from construction to destruction.
  class Idle {
   public:
    /// `wake` is called at most once: there is an errand(), or the session is to end.
    Idle(Slots& slots, std::string place, std::function<void()> wake);
    ~Idle();
    Idle(const Idle&) = delete;
    Idle& operator=(const Idle&) = delete;
    [[nodiscard]] Errand* errand() const { return errand_; }

   private:
    friend Slots;
    Slots& slots_;
    std::string place_;
    std::function<void()> wake_;
    Errand* errand_ = nullptr;
  };

  explicit Slots(net::Loop& loop) : loop_(loop) {}

  /// Finds a session that idles there, or waits for a place, of which the configuration has `most`.
  net::Task<Entry> enter(Errand& errand, std::uint32_t most, Deadline deadline);
  /// For a session that has a place there: the errand that has waited longest, or null.
  Errand* adopt(const std::string& place);
  void leave(const std::string& place, std::uint32_t most, Visit visit);
  /// Ends the session that has idled longest, if there is one.
  void end_oldest_idle();
  /// Nothing more is sent: sessions that idle end, and who waits for a place gets none.
  void close();

  [[nodiscard]] std::uint32_t limit(const std::string& place, std::uint32_t most) const;
  /// Places that are known just now.
  [[nodiscard]] std::size_t known() const { return places_.size(); }

 private:
  struct Waiting {
    net::Event freed;
    Errand& errand;
    bool is_taken = false;
  };
  struct Traffic {
    std::uint32_t running = 0;
    std::uint32_t limit = 0;  // 0: as configured
    std::uint32_t successes = 0;
    std::deque<Waiting*> waiting;
  };
  void wake(Idle& idle, Errand* errand);
  void forget(const std::string& place, std::uint32_t most);

  net::Loop& loop_;
  std::map<std::string, Traffic, std::less<>> places_;
  std::list<Idle*> idle_;  // the one that has idled longest first
};

}  // namespace peregrine::courier
