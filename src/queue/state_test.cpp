// The table of docs/format/queue.md, all pairs of it.
#include "queue/state.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>

namespace peregrine::queue {
namespace {

using Move = std::pair<State, State>;

const std::set<Move>& moves() {
  static const std::set<Move> allowed = {
      {State::waiting, State::waiting}, {State::waiting, State::leased},
      {State::waiting, State::held},    {State::waiting, State::failed},
      {State::waiting, State::relayed}, {State::waiting, State::done},
      {State::leased, State::waiting},  {State::leased, State::leased},
      {State::leased, State::held},     {State::leased, State::failed},
      {State::leased, State::relayed},  {State::leased, State::done},
      {State::held, State::waiting},    {State::held, State::held},
      {State::held, State::failed},     {State::held, State::relayed},
      {State::held, State::done},       {State::failed, State::failed},
      {State::failed, State::done},     {State::delivered, State::delivered},
      {State::delivered, State::done},  {State::relayed, State::relayed},
      {State::relayed, State::done},    {State::expanded, State::expanded},
      {State::expanded, State::done},
  };
  return allowed;
}

TEST(QueueState, OnlyTheTablesMovesAreAllowed) {
  for (State from : k_states) {
    for (State to : k_states) {
      EXPECT_EQ(may_move(from, to), moves().contains({from, to}))
          << state_name(from) << " to " << state_name(to);
    }
  }
}

TEST(QueueState, ARecipientBeginsWhereItCanGoOn) {
  const std::set<State> first = {State::waiting, State::held, State::delivered, State::expanded};
  for (State state : k_states) EXPECT_EQ(may_begin(state), first.contains(state));
}

TEST(QueueState, TheDocumentHasTheSameTable) {
  std::ifstream file(PEREGRINE_SOURCE_DIR "/docs/format/queue.md");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  for (State from : k_states) {
    if (from == State::done) continue;
    std::string row = "| `" + std::string(state_name(from)) + "` |";
    std::size_t at = text.find(row);
    ASSERT_NE(at, std::string::npos) << row;
    std::string line = text.substr(at, text.find('\n', at) - at);
    std::string targets = line.substr(line.rfind('|', line.size() - 2));
    for (State to : k_states) {
      bool is_named = targets.contains("`" + std::string(state_name(to)) + "`");
      EXPECT_EQ(is_named, may_move(from, to)) << state_name(from) << " to " << state_name(to);
    }
  }
}

}  // namespace
}  // namespace peregrine::queue
