#pragma once
// Front: the process that owns every client connection. See README.md.

#include <map>
#include <memory>
#include <unordered_map>

#include "front/admission.h"
#include "front/connection.h"
#include "front/lines.h"
#include "net/event.h"
#include "net/gate.h"
#include "proto/proxy/proxy_reader.h"
#include "role/ban_table.h"
#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::front {

class Front {
 public:
  Front(net::Loop& loop, role::Start start);
  int run();

 private:
  using Held = std::shared_ptr<ClientConnection>;  // owners: the table, and its coroutine
  using TlsServices = std::map<Service, crypto::TlsService>;

  // front.cpp: the process
  void add_link(role::LinkedSocket link);
  void load_tls(const std::vector<role::TlsIdentity>& identities);
  net::Task<void> accept_from(Service service, sys::Fd listener);
  void admit(Service service, sys::AcceptedSocket accepted);
  [[nodiscard]] AdmissionVerdict enter(const sys::SocketAddress& peer);
  [[nodiscard]] bool is_banned(const sys::SocketAddress& peer) const;
  /// A line for one that was never let in, in case its socket takes it at once.
  void turn_away(Service service, const sys::SocketAddress& peer, sys::Fd socket, Refusal refusal);
  /// False: nobody can be sent away.
  bool make_room();
  void worker_gone(const WorkerLine* worker);
  void take_report(const role::PeerReport& report);
  net::Task<void> stop(std::chrono::milliseconds grace);

  // lifecycle.cpp: one connection
  net::Task<void> begin(Held connection);
  /// Reads the PROXY header. False: there was none, and the connection has ended.
  net::Task<bool> learn_peer(Held connection);
  net::Task<bool> read_proxy_header(Held connection, proxy::ProxyReader& reader);
  void report_offence(const ClientConnection& connection);
  net::Task<void> serve_tls(Held connection, bool with_greeting);
  net::Task<void> serve_plain(Held connection);
  net::Task<bool> pause_greeting(Held connection);
  [[nodiscard]] Deadline first_line_deadline(Service service) const;
  [[nodiscard]] const WorkerLine* choose_worker(Role role);
  [[nodiscard]] rpc::OpenConnection describe(const ClientConnection& connection) const;
  net::Task<void> refuse(Held connection, Refusal refusal);
  void end(const Held& connection);

  // handoffs.cpp: what workers say
  void receive(const WorkerLine* worker, BytesView datagram, sys::Fd descriptor);
  void start_tls(const Held& connection);
  void move(const Held& connection, rpc::MoveConnection move, sys::Fd descriptor);

  net::Loop& loop_;
  net::Gate gate_;
  net::Gate clients_;
  config::Settings settings_;
  std::uint32_t index_;
  TlsServices tls_;
  Admission admission_;
  std::optional<role::BanTable> bans_;
  std::map<Role, std::vector<std::unique_ptr<WorkerLine>>> workers_;
  std::map<Role, std::size_t> next_worker_;
  std::unordered_map<ConnectionId, Held> connections_;
  std::uint64_t next_id_;
  std::uint64_t served_ = 0;
  std::uint64_t offences_ = 0;
  std::uint64_t turned_away_ = 0;  ///< banned
  bool stopping_ = false;
  net::Event emptied_;  ///< while it stops: the last connection has ended
  std::vector<role::ListeningSocket> listeners_;
  std::unique_ptr<role::Control> control_;
};

/// What the process keeps once it serves.
sys::SandboxPolicy policy(const config::Settings& settings);
int run(role::Start start);

}  // namespace peregrine::front
