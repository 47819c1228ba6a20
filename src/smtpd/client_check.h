#pragma once
// ClientCheck: what DNS says of one client. The lookups run beside the session from the moment it
// connects, and those about its EHLO name from then on; the session waits for them once it needs
// the result, until one deadline. What is not known by then, or because no resolver answers, does
// not count.
//
//   ClientCheck check(worker, facts);       // starts
//   check.hello(name);
//   co_await check.finished();
//   JunkScore score = check.score();

#include <memory>
#include <string>

#include "role/worker.h"
#include "smtpd/junk_score.h"

namespace peregrine::smtpd {

class ClientCheck {
 public:
  /// The worker outlives it. Does nothing for a client that is not to be judged.
  ClientCheck(role::Worker& worker, const rpc::OpenConnection& facts);

  /// Whether this client is judged at all.
  [[nodiscard]] bool is_active() const { return is_active_; }
  /// The name of HELO or EHLO; a later one takes its place.
  void hello(const std::string& name);
  /// Waits for the lookups, no longer than junk.lookup_time since the last of them began.
  net::Task<void> finished();

  [[nodiscard]] JunkScore score() const;
  /// The reverse name that leads back to the address; empty while there is none.
  [[nodiscard]] const std::string& confirmed_name() const;

  struct State;

 private:
  role::Worker& worker_;
  bool is_active_;
  std::shared_ptr<State> state_;  // owners: this, and the lookups under way
};

}  // namespace peregrine::smtpd
