#pragma once
// Worker: what every process that speaks a protocol does besides speaking it. It takes connections
// from `front`, runs one session coroutine for each, tells `front` what comes next, keeps the
// channel to core alive across restarts, and stops in order.
//
//   net::Task<SessionEnd> serve(Worker& worker, Connection& connection);
//   return role::run_worker(std::move(start), {.passes_descriptors = true, .serve = serve});
//
// The session returns when it is done; `connection` and its stream live until then.

#include <functional>
#include <memory>
#include <unordered_map>
#include <variant>

#include "config/settings.h"
#include "net/gate.h"
#include "net/stream.h"
#include "role/control.h"
#include "role/message_room.h"
#include "rpc/channel.h"
#include "rpc/handoff.h"

namespace peregrine::role {

/// One connection while a worker has it.
struct Connection {
  rpc::OpenConnection facts;
  net::Stream stream;
  /// Set by the session: the client broke rules; front counts it against the address.
  bool is_offence = false;
};

/// How a session ends. Everything that is to reach the client has been written before.
struct Closed {};
/// The client was told to begin TLS, and nothing was buffered behind its command (V13).
struct BeginTls {};
/// login: the ticket's role takes over; `unread` goes along.
struct Move {
  Role role = Role::imap;
  Bytes ticket;
  std::string reply_tag;
  std::string hello;  ///< of SMTP; see rpc::MoveConnection
  Bytes unread;
};
using SessionEnd = std::variant<Closed, BeginTls, Move>;

class Worker {
 public:
  using Serve = net::Task<SessionEnd> (*)(Worker& worker, Connection& connection);
  struct Options {
    /// Bodies and connections travel as descriptors; pop3 has none to send.
    bool passes_descriptors = true;
    Serve serve = nullptr;
  };

  Worker(net::Loop& loop, Start start, Options options);
  ~Worker();

  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] const config::Settings& settings() const { return settings_; }
  /// Calls on it fail at once while core is away; never null.
  [[nodiscard]] std::shared_ptr<rpc::Channel> core() { return core_; }
  /// The same for the resolver; a role that may not ask one, or a server without one, has a closed
  /// channel.
  [[nodiscard]] std::shared_ptr<rpc::Channel> resolver() { return resolver_; }
  /// True once the process is to end: sessions finish what they do and say goodbye. Their waits end
  /// with `cancelled`.
  [[nodiscard]] bool is_stopping() const { return stopping_; }
  /// The memory for a message that the connection's client is about to send.
  [[nodiscard]] HeldMessage hold_message(const Connection& connection);
  /// A session found a person at a terminal.
  void count_typist() { ++typists_; }
  /// For coroutines that a session starts beside itself.
  [[nodiscard]] net::Gate& gate() { return gate_; }
  /// For what the end of the process waits for, within the grace that it has, as for sessions.
  [[nodiscard]] net::Gate& sessions() { return sessions_; }
  /// Called once, when the process is to end within `grace`.
  void when_stopping(std::function<void(std::chrono::milliseconds grace)> what) {
    when_stopping_ = std::move(what);
  }
  /// Counts what statistics call connections, for a role without clients.
  void count_served() { ++served_; }

  /// Runs the loop until the process is to end; the exit status.
  int run();

 private:
  struct Front;
  void add_link(LinkedSocket link);
  void receive(const std::shared_ptr<Front>& front, BytesView datagram, sys::Fd descriptor);
  net::Task<void> run_session(std::shared_ptr<Front> front, rpc::OpenConnection facts, sys::Fd fd);
  net::Task<void> report_offence(std::string peer, Service service);
  net::Task<void> stop(std::chrono::milliseconds grace);

  net::Loop& loop_;
  Options options_;
  bool reports_offences_;  ///< those of strangers; an account that has logged in is known
  config::Settings settings_;
  MessageRoom room_;                    // outlives the sessions
  net::Gate gate_;                      // control, channels and fronts
  net::Gate sessions_;                  // client sessions
  std::shared_ptr<rpc::Channel> core_;  // owners: see rpc/channel.h, as the next
  std::shared_ptr<rpc::Channel> resolver_;
  std::unordered_map<std::uint32_t, std::shared_ptr<Front>> fronts_;  // owners: this, its sessions
  std::unordered_map<Connection*, std::monostate> open_;
  std::uint64_t served_ = 0;
  std::uint64_t offences_ = 0;
  std::uint64_t typists_ = 0;
  bool stopping_ = false;
  std::function<void(std::chrono::milliseconds)> when_stopping_;
  std::unique_ptr<Control> control_;
};

}  // namespace peregrine::role
