#pragma once
// Control: a process's line to the supervisor. At start it receives everything that the process may
// ever use: settings, listening sockets, the sockets to its peers, TLS identities. Afterwards it
// brings new peers (one was restarted), reloads and the order to stop.
//
// Descriptor 3 of every child is this line.

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "config/settings.h"
#include "model/service.h"
#include "net/gate.h"
#include "rpc/datagrams.h"
#include "sys/fd.h"

namespace peregrine::role {

inline constexpr int k_control_descriptor = 3;

/// A certificate chain and its key, PEM. Reaches `front` alone.
struct TlsIdentity {
  Bytes chain_pem;
  Bytes key_pem;
};

/// supervisor → child.
struct Identify {
  Role role = Role::mx;
  std::uint32_t index = 0;
  Bytes settings;  ///< config::encode
};
struct Link {  ///< attached: a socket to that peer
  Role peer = Role::core;
  std::uint32_t index = 0;
};
struct Listen {  ///< attached: a listening socket
  Service service = Service::smtp;
  std::string address;
};
struct Identity {
  TlsIdentity identity;
};
/// attached: the table in which all fronts count connections (front only). It has k_count_columns
/// words for each front.
struct Counters {
  std::array<std::uint64_t, 2> key{};  ///< of the hash that picks a network's column
};
/// attached: the table of bans (ban_table.h), which core may write and fronts may read.
struct Bans {
  std::array<std::uint64_t, 2> key{};  ///< of its fingerprints
};
struct Begin {};
struct Reload {  ///< identities follow the same way, then Begin
  Bytes settings;
};
struct Stop {
  std::uint32_t grace_milliseconds = 0;
};
struct AskStatistics {
  std::uint32_t question = 0;
};
/// attached: an operator's connection, credentials checked (core only)
struct Operator {};

enum class PeerState : std::uint8_t {
  answering,
  silent,   ///< to fronts: it gets no new connections
  refused,  ///< from core: it broke the rules of its calls, and has no channel any more
};
/// How a worker is doing.
struct PeerReport {
  Role peer = Role::mx;
  std::uint32_t index = 0;
  PeerState state = PeerState::answering;
};

/// child → supervisor.
struct Ready {};
struct Statistics {
  std::uint32_t question = 0;
  std::uint64_t connections = 0;  ///< open now
  std::uint64_t served = 0;       ///< since the start
  std::uint64_t offences = 0;     ///< closed because the client broke rules
  std::uint64_t banned = 0;       ///< turned away for a ban
  std::uint64_t typists = 0;      ///< people at a terminal
};

using ControlMessage = std::variant<Identify, Link, Listen, Identity, Counters, Begin, Reload, Stop,
                                    AskStatistics, Operator, Ready, Statistics, Bans, PeerReport>;

/// The first column counts all connections, each other one those of the networks that hash to it.
inline constexpr std::size_t k_count_columns = 16384;

inline constexpr std::size_t k_max_control = kib(160);

Bytes encode_control(const ControlMessage& message);
/// Nothing when malformed.
std::optional<ControlMessage> decode_control(BytesView datagram);

struct LinkedSocket {
  Link link;
  sys::Fd socket;
};
struct ListeningSocket {
  Listen listen;
  sys::Fd socket;
};

/// What a child was given before Begin.
struct Start {
  Role role = Role::mx;
  std::uint32_t index = 0;
  config::Settings settings;
  std::vector<LinkedSocket> links;
  std::vector<ListeningSocket> listeners;
  std::vector<TlsIdentity> identities;
  Counters counters;
  sys::Fd counter_table;
  Bans bans;
  sys::Fd ban_table;  ///< none in most roles
};

enum class StartError : std::uint8_t { disconnected, malformed, bad_settings };

/// Reads from the control line, blocking, up to Begin.
std::expected<Start, StartError> receive_start(int control);

class Control {
 public:
  struct Handlers {
    std::function<void(LinkedSocket)> link;
    std::function<void(config::Settings, std::vector<TlsIdentity>)> reload;
    std::function<void(std::chrono::milliseconds grace)> stop;
    std::function<Statistics()> statistics;
    std::function<void(sys::Fd)> operator_connection;
    std::function<void(const PeerReport&)> peer_report;
  };

  /// Takes over descriptor `control`. When the supervisor is gone the process ends at once.
  Control(net::Gate& gate, sys::Fd control, Handlers handlers);

  /// Tells the supervisor that everything asked for is being served.
  void ready();
  /// Tells the supervisor of a worker.
  void report(const PeerReport& report);

 private:
  void receive(BytesView datagram, sys::Fd descriptor);

  Handlers handlers_;
  std::shared_ptr<rpc::Datagrams> line_;  // owners: this, and its reader while it runs
  std::optional<config::Settings> reloading_;
  std::vector<TlsIdentity> identities_;
};

}  // namespace peregrine::role
