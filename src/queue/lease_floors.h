#pragma once
// LeaseFloors: for each destination an id below which it has no lease. Leases come and go many
// times a second, and what is deleted stays in the store's way until it is written out: a walk over
// a destination's leases starts here. Only an aid: without an entry the walk starts at the
// beginning.

#include <algorithm>
#include <map>
#include <string>

#include "queue/types.h"

namespace peregrine::queue {

class LeaseFloors {
 public:
  [[nodiscard]] LeaseId of(const std::string& destination) const {
    auto found = floors_.find(destination);
    return found == floors_.end() ? LeaseId{} : found->second;
  }
  void set(const std::string& destination, LeaseId lowest) {
    if (floors_.size() >= k_most) floors_.clear();
    floors_[destination] = lowest;
  }
  /// A lease is made.
  void add(const std::string& destination, LeaseId lease) {
    auto found = floors_.find(destination);
    if (found != floors_.end()) found->second = std::min(found->second, lease);
  }

 private:
  static constexpr std::size_t k_most = 10'000;
  std::map<std::string, LeaseId> floors_;
};

}  // namespace peregrine::queue
