#pragma once
// Slots: how many connections go to one destination at a time. A destination that says they are too
// many gets half, and one more for each round of successes, up to what the configuration has.

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "api/client.h"
#include "base/time.h"
#include "net/event.h"
#include "net/task.h"

namespace peregrine::courier {

enum class Entry : std::uint8_t {
  entered,  ///< is paired with one leave()
  timed_out,
  adopted,  ///< another who has a place took the lease
};

enum class Visit : std::uint8_t {
  welcome,
  neutral,   ///< nothing was learned
  too_many,  ///< the destination turned us away for now
};

class Slots {
 public:
  explicit Slots(net::Loop& loop) : loop_(loop) {}

  /// Waits for a place, of which the configuration has `most`, with the `lease` to be sent there.
  net::Task<Entry> enter(std::string destination, std::uint32_t most, api::LeaseResponse& lease,
                         Deadline deadline);
  /// The lease of the one who has waited longest for a place there.
  std::optional<api::LeaseResponse> adopt(const std::string& destination);
  void leave(const std::string& destination, std::uint32_t most, Visit visit);

  [[nodiscard]] std::uint32_t limit(const std::string& destination, std::uint32_t most) const;
  /// Destinations that are known just now.
  [[nodiscard]] std::size_t known() const { return places_.size(); }

 private:
  struct Waiting {
    net::Event freed;
    api::LeaseResponse& lease;
    bool is_adopted = false;
  };
  struct Place {
    std::uint32_t running = 0;
    std::uint32_t limit = 0;  // 0: as configured
    std::uint32_t successes = 0;
    std::deque<Waiting*> waiting;
  };
  void forget(const std::string& destination, std::uint32_t most);

  net::Loop& loop_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace peregrine::courier
