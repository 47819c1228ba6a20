#pragma once
// OpenLeases: the leases of the destinations that have had any of late, so that the store need not
// be asked with each message. Only an aid, and only as good as the commits that it was told of:
// forget() when one may have failed.

#include <map>
#include <set>
#include <string>

#include "queue/types.h"

namespace peregrine::queue {

class OpenLeases {
 public:
  using Ids = std::set<LeaseId>;

  /// Null: not known.
  [[nodiscard]] Ids* of(const std::string& destination) {
    auto found = leases_.find(destination);
    return found == leases_.end() ? nullptr : &found->second;
  }
  Ids& learn(const std::string& destination, Ids ids) {
    if (leases_.size() >= k_most) leases_.clear();
    return leases_[destination] = std::move(ids);
  }
  void forget() { leases_.clear(); }

 private:
  static constexpr std::size_t k_most = 10'000;
  std::map<std::string, Ids> leases_;
};

}  // namespace peregrine::queue
