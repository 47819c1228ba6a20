#pragma once
// AuthQueue: whose password is verified next (V34). Verifying is slow on purpose, so whoever
// guesses could make everybody else wait. Therefore not the first come is first: who logged in to
// the same account from the same network before goes ahead of strangers; among equals the network
// with the fewest recent failures and the fewest checks under way; and then the newest, since
// whoever has waited long is likely gone, and a flood must not be a queue to stand behind. When it
// is full, the last in that order makes room. For core's loop thread alone.
//
//   bool may_go = co_await queue.enter(network, standing);
//   … verify …
//   if (may_go) queue.leave(network, Outcome::right);

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/event.h"
#include "net/task.h"

namespace peregrine::core {

class AuthQueue {
 public:
  struct Limits {
    std::size_t running = 1;   ///< verified at a time
    std::size_t in_all = 256;  ///< waiting or running
    std::chrono::milliseconds longest_wait{30'000};
  };
  enum class Standing : std::uint8_t { known, stranger };
  enum class Outcome : std::uint8_t { right, wrong };

  /// How long failures count against a network after the last one.
  static constexpr std::chrono::minutes k_memory{10};
  static constexpr std::size_t k_most_networks = 65536;

  AuthQueue(net::Loop& loop, const Limits& limits) : loop_(loop), limits_(limits) {}

  /// Waits for the turn. False: there is no room, or it took too long. `most` is how many of the
  /// network may wait or run.
  net::Task<bool> enter(std::string network, Standing standing, std::size_t most);
  /// After each enter() that was true.
  void leave(const std::string& network, Outcome outcome);

  [[nodiscard]] std::size_t running() const { return running_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Network {
    std::size_t present = 0;  ///< waiting or running
    std::size_t failures = 0;
    Deadline forget;
  };
  struct Waiting {
    Standing standing;
    std::size_t load;      ///< of its network, when it came
    std::uint64_t number;  ///< the larger, the newer
    net::Waiter* waiter = nullptr;
    [[nodiscard]] bool precedes(const Waiting& other) const;
  };

  Network& network_of(const std::string& name);
  void forget_some(Deadline now);
  /// Pushes out the last in order, if it comes after `newcomer`; false when it does not.
  bool make_room(const Waiting& newcomer);
  void call_next();

  net::Loop& loop_;
  Limits limits_;
  std::size_t running_ = 0;
  std::uint64_t next_number_ = 0;
  std::vector<Waiting*> waiting_;  // each lives in the frame that waits
  std::map<std::string, Network> networks_;
};

}  // namespace peregrine::core
