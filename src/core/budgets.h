#pragma once
// Budgets: what one network has sent within the hour, and what is left to it (V33, V45). Kept in
// core, so that it holds for all processes that receive mail; forgotten when core starts anew. The
// hour begins with the first use.

#include "base/time.h"
#include "config/settings.h"
#include "core/network.h"
#include "core/recent.h"

namespace peregrine::core {

struct Usage {
  std::uint64_t messages = 0;
  std::uint64_t recipients = 0;
  std::uint64_t unknown_recipients = 0;
  std::uint64_t bytes = 0;
};

class Budgets {
 public:
  explicit Budgets(std::size_t most_networks = 65536) : hours_(most_networks) {}

  /// Counts `used`, but no messages over the budget; what is left is in the answer. A message that
  /// is over leaves `messages` 0 and the rest as it is.
  struct Answer {
    bool is_over = false;
    Usage left;
  };
  Answer charge(const sys::SocketAddress& network, const Usage& used,
                const config::LimitSettings& limits, Deadline now);
  [[nodiscard]] std::size_t size() const { return hours_.size(); }

 private:
  struct Hour {
    Deadline end;
    Usage used;
  };
  RecentMap<sys::SocketAddress, Hour> hours_;
};

}  // namespace peregrine::core
