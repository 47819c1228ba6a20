#include "core/auth_queue.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "net/gate.h"

namespace peregrine::core {
namespace {

using Standing = AuthQueue::Standing;
using Outcome = AuthQueue::Outcome;
using Names = std::vector<std::string>;

constexpr std::size_t k_many = 1000;

// A turn that comes resumes its coroutine at once: the tests need no loop that runs.
struct AuthQueueTest : testing::Test {
  net::Loop loop;
  net::Gate gate{loop};
  std::optional<AuthQueue> queue;
  Names began;    ///< the networks, in the order of their turns
  Names refused;  ///< those that got none
  bool stops_when_refused = false;

  void make(const AuthQueue::Limits& limits) { queue.emplace(loop, limits); }

  net::Task<void> attempt(std::string network, Standing standing, std::size_t most) {
    bool may_go = co_await queue->enter(network, standing, most);
    (may_go ? began : refused).push_back(std::move(network));
    if (!may_go && stops_when_refused) loop.stop();
  }
  void come(std::string network, Standing standing = Standing::stranger,
            std::size_t most = k_many) {
    gate.spawn(attempt(std::move(network), standing, most));
  }
  /// Ends the turns that have begun, from the `first`, and those that follow from that.
  void end_all(std::size_t first, Outcome outcome = Outcome::wrong) {
    for (std::size_t i = first; i < began.size(); ++i) {
      std::string network = began[i];
      queue->leave(network, outcome);
    }
  }
};

TEST_F(AuthQueueTest, ManyNetworksDoNotDelayAQuietOne) {
  make({.running = 2, .in_all = 256});
  for (int i = 0; i < 100; ++i) come("attacker" + std::to_string(i));
  come("quiet");
  EXPECT_EQ(began.size(), 2U);
  queue->leave(began[0], Outcome::wrong);
  ASSERT_EQ(began.size(), 3U);
  EXPECT_EQ(began[2], "quiet");
  end_all(1);
  EXPECT_EQ(began.size(), 101U);
  EXPECT_EQ(queue->running(), 0U);
  EXPECT_TRUE(refused.empty());
}

TEST_F(AuthQueueTest, ANetworkWaitsBehindItself) {
  make({.running = 1});
  for (int i = 0; i < 3; ++i) come("many");
  come("one");
  come("two");
  end_all(0, Outcome::right);
  EXPECT_EQ(began, (Names{"many", "two", "one", "many", "many"}));
}

TEST_F(AuthQueueTest, FailuresCountAgainstANetwork) {
  make({.running = 1});
  come("guesser");
  queue->leave("guesser", Outcome::wrong);
  come("running");
  come("honest");
  come("guesser");
  end_all(1);
  EXPECT_EQ(began, (Names{"guesser", "running", "honest", "guesser"}));
}

TEST_F(AuthQueueTest, WhoIsKnownGoesFirst) {
  make({.running = 1});
  come("home");
  queue->leave("home", Outcome::wrong);
  come("running");
  come("home", Standing::known);
  come("stranger");
  end_all(1);
  EXPECT_EQ(began, (Names{"home", "running", "home", "stranger"}));
}

TEST_F(AuthQueueTest, TheLastInOrderMakesRoom) {
  make({.running = 1, .in_all = 4});
  for (int i = 0; i < 4; ++i) come("flood");
  come("flood");
  EXPECT_EQ(refused, Names{"flood"});
  come("quiet");
  EXPECT_EQ(refused, (Names{"flood", "flood"}));
  EXPECT_EQ(queue->waiting(), 3U);
  end_all(0);
  EXPECT_EQ(began, (Names{"flood", "quiet", "flood", "flood"}));
}

TEST_F(AuthQueueTest, ANetworkHasABound) {
  make({.running = 1});
  come("a", Standing::stranger, 2);
  come("a", Standing::stranger, 2);
  come("a", Standing::stranger, 2);
  come("b", Standing::stranger, 2);
  EXPECT_EQ(refused, Names{"a"});
  end_all(0);
  EXPECT_EQ(began.size(), 3U);
  come("a", Standing::stranger, 2);
  EXPECT_EQ(began.size(), 4U);
  end_all(3);
}

TEST_F(AuthQueueTest, NobodyWaitsForEver) {
  make({.running = 1, .longest_wait = std::chrono::milliseconds(1)});
  come("slow");
  come("waiting");
  stops_when_refused = true;
  loop.run();
  EXPECT_EQ(refused, Names{"waiting"});
  end_all(0);
  EXPECT_EQ(queue->waiting(), 0U);
}

}  // namespace
}  // namespace peregrine::core
