#pragma once
// SubmissionRates: how much each account has sent of late, so that a stolen password does little
// before somebody looks. Counted in memory, over sliding windows, for a bounded number of accounts;
// a restart forgets it. For core's loop thread alone.

#include <cstdint>
#include <unordered_map>

#include "base/time.h"
#include "config/settings.h"
#include "model/ids.h"

namespace peregrine::core {

class SubmissionRates {
 public:
  enum class Verdict : std::uint8_t { pass, hold, refuse };

  explicit SubmissionRates(std::size_t most_accounts = 262'144) : most_(most_accounts) {}

  /// Counts a message, unless it is refused.
  Verdict count(AccountId account, std::size_t recipients, const config::SubmissionSettings& limits,
                Deadline now);
  [[nodiscard]] std::size_t accounts() const { return accounts_.size(); }

 private:
  /// What came within `span`: all of the present window, and of the one before as much as the
  /// sliding window still covers.
  struct Window {
    Deadline start;
    double current = 0;
    double previous = 0;
    void advance(Deadline now, std::chrono::milliseconds span);
    [[nodiscard]] double sum(Deadline now, std::chrono::milliseconds span) const;
  };
  struct Counts {
    Window messages;
    Window recipients;
    Window burst;
    Deadline last;
  };
  void make_room(Deadline now);

  std::size_t most_;
  std::unordered_map<AccountId, Counts> accounts_;  // ids are ours (V43)
};

}  // namespace peregrine::core
