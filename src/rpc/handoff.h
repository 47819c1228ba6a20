#pragma once
// How connections move between `front` and the workers: one datagram each over a SOCK_SEQPACKET
// pair, the socket attached where there is one. `front` owns a connection as long as it lives; a
// worker borrows it, and says what comes next when it has done its part.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "model/ids.h"
#include "model/service.h"

namespace peregrine::rpc {

struct TlsFacts {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;
  std::string server_name;  ///< SNI, empty when the client named none
  Bytes exporter;           ///< tls-exporter channel binding (RFC 9266)
  Bytes server_end_point;   ///< tls-server-end-point channel binding (RFC 5929 section 4)
  bool operator==(const TlsFacts&) const = default;
};

/// front → worker: serve this connection. The socket is attached.
struct OpenConnection {
  ConnectionId id;
  Service service = Service::smtp;
  std::string peer;  ///< address text without port; empty on a Unix socket
  std::uint16_t peer_port = 0;
  bool is_loopback = false;
  /// From the greeting to the end of the client's first line.
  std::uint32_t first_line_milliseconds = 0;
  std::optional<TlsFacts> tls;
  /// From login's Move: what redeems the session, and what the login command wants answered with.
  Bytes ticket;
  std::string reply_tag;
  /// From login's Move: the name that the client of SMTP gave in EHLO.
  std::string hello;
  /// Bytes that the client has sent and nobody has consumed.
  Bytes unread;
  bool operator==(const OpenConnection&) const = default;
};

/// worker → front: the worker has closed its end.
struct CloseConnection {
  ConnectionId id;
  /// Closed because the client broke rules; front counts it against the address.
  bool is_offence = false;
  bool operator==(const CloseConnection&) const = default;
};

/// worker → front: the client was told to start TLS; every byte from here on is TLS. The worker
/// has consumed exactly the command (it had nothing more buffered) and no longer uses the socket.
struct StartTls {
  ConnectionId id;
  bool operator==(const StartTls&) const = default;
};

/// login → front: give the connection to a worker of `role`. The worker's socket is attached.
struct MoveConnection {
  ConnectionId id;
  Role role = Role::imap;
  Bytes ticket;
  std::string reply_tag;
  /// Of SMTP: the name that the client gave in EHLO, of what smtp::Hello holds.
  std::string hello;
  Bytes unread;
  bool operator==(const MoveConnection&) const = default;
};

/// front → worker: the client broke rules before any worker had it. For core, with which front
/// cannot talk.
struct ReportOffence {
  ConnectionId id;
  Service service = Service::smtp;
  std::string peer;
  bool operator==(const ReportOffence&) const = default;
};

using Handoff =
    std::variant<OpenConnection, CloseConnection, StartTls, MoveConnection, ReportOffence>;

enum class HandoffError : std::uint8_t { malformed, unknown_kind };

/// The largest datagram, and the most bytes that may travel unread in one.
inline constexpr std::size_t k_max_handoff = kib(96);
inline constexpr std::size_t k_max_unread = kib(64);
/// Of the name in EHLO: RFC 1035 section 2.3.4 has no longer one.
inline constexpr std::size_t k_max_hello = 255;

Bytes encode_handoff(const Handoff& handoff);
std::expected<Handoff, HandoffError> decode_handoff(BytesView datagram);

}  // namespace peregrine::rpc
