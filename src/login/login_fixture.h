#pragma once
// For tests: one connection before login, with a client and a core that are both scripted, on one
// loop. The client sends a step, waits for its replies, and sends the next; at the end it closes
// its side. Core knows "anna" and "secret".

#include <functional>
#include <string>
#include <vector>

#include "api/client.h"
#include "crypto/scram.h"
#include "role/worker_fixture.h"

namespace peregrine::login {

inline constexpr std::string_view k_ticket = "ticket";

struct Step {
  std::string send;
  /// Lines that end with it have to have come: of SMTP, those with a space behind the code.
  std::size_t replies = 1;
  /// Makes what to send from all that was said before, in place of `send`.
  std::function<std::string(const std::string& said)> make = {};
};

class LoginFixture : role::WorkerFixture {
 public:
  LoginFixture();

  config::Settings settings;
  rpc::OpenConnection facts;
  bool has_core = true;
  std::size_t asked = 0;  ///< calls that core got

  /// Everything that the session wrote. `end` and `is_offence` say how it ended.
  std::string play(std::vector<Step> steps);
  role::SessionEnd end;
  bool is_offence = false;

  [[nodiscard]] const role::Move* move() const { return std::get_if<role::Move>(&end); }

 private:
  void serve_core(rpc::Request request);
  net::Task<void> talk(net::Stream& client, std::vector<Step> steps);
  net::Task<void> run_session(role::Worker& worker, role::Connection& connection);
  net::Task<void> finish(net::Loop& loop, net::Task<void> talk);

  std::string said_;
  crypto::ScramKeys keys_;
  Bytes messages_;  // of the exchange under way
};

}  // namespace peregrine::login
