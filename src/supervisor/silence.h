#pragma once
// Silence: how long a process has owed the supervisor an answer, and what follows from that. One
// that is stopped or spins is noticed first, which costs it new connections, and later given up.
// Pure: the caller says what time it is.

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/time.h"

namespace peregrine::supervisor {

/// roles.answer_time and roles.restart_time.
struct AnswerBounds {
  std::chrono::milliseconds answer{10'000};
  std::chrono::milliseconds restart{30'000};
};

class Silence {
 public:
  enum class Verdict : std::uint8_t {
    fine,
    noticed,   ///< told once: it has been silent for the first bound
    given_up,  ///< it has been silent for both: end it
  };

  [[nodiscard]] bool owes_answer() const { return since_.has_value(); }
  [[nodiscard]] bool is_noticed() const { return is_noticed_; }
  /// How long by now; 0 when nothing is owed.
  [[nodiscard]] std::chrono::milliseconds length(Deadline now) const {
    if (!since_) return {};
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - *since_);
  }

  void ask(Deadline now) {
    if (!since_) since_ = now;
  }
  /// Answers whether the silence that this ends had been noticed.
  bool answer() {
    since_.reset();
    return std::exchange(is_noticed_, false);
  }
  /// Whoever asked was away too: the time counts from now.
  void forgive(Deadline now) {
    if (since_) since_ = now;
  }

  Verdict judge(Deadline now, const AnswerBounds& bounds) {
    auto silent_for = length(now);
    if (silent_for < bounds.answer) return Verdict::fine;
    if (is_noticed_ && silent_for >= bounds.answer + bounds.restart) return Verdict::given_up;
    return std::exchange(is_noticed_, true) ? Verdict::fine : Verdict::noticed;
  }

 private:
  std::optional<Deadline> since_;
  bool is_noticed_ = false;
};

}  // namespace peregrine::supervisor
