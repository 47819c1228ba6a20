#pragma once
// SessionWatch: waits beside a session for core to end it, which core does when the account is
// removed or its password changes. For sessions that do not look at changes of mail.
//
//   watch_.begin(session);       // behind redeem
//   if (watch_.is_revoked()) …   // before each command, and when a receive() was interrupted
//   co_await watch_.end();       // before release
//
// Worker and client outlive it.

#include "api/client.h"
#include "net/gate.h"
#include "role/client.h"

namespace peregrine::role {

class SessionWatch {
 public:
  SessionWatch(Worker& worker, Client& client)
      : worker_(worker), client_(client), running_(worker.loop()) {}

  /// `session`: as core names it.
  void begin(std::uint64_t session) { running_.spawn(listen(session)); }
  /// Core has ended the session. A receive() of the client that was under way is interrupted then.
  [[nodiscard]] bool is_revoked() const { return is_revoked_; }
  net::Task<void> end();

 private:
  net::Task<void> listen(std::uint64_t session);

  Worker& worker_;
  Client& client_;
  net::Gate running_;
  api::TypedStream<api::WatchItem>* stream_ = nullptr;
  bool is_closing_ = false;
  bool is_revoked_ = false;
};

}  // namespace peregrine::role
