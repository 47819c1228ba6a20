#pragma once
// One client connection while front owns it. `front.cpp` moves it through its stages; the stage
// says who may touch the socket.

#include <memory>
#include <optional>

#include "crypto/tls.h"
#include "net/stream.h"
#include "rpc/datagrams.h"
#include "rpc/handoff.h"
#include "sys/sockets.h"

namespace peregrine::front {

struct WorkerLine {
  Role role = Role::mx;
  std::uint32_t index = 0;
  /// False while the supervisor says that it does not answer: it gets no new connections.
  bool is_answering = true;
  std::shared_ptr<rpc::Datagrams> line;  // owners: front's table, and its reader while it runs
};

struct ClientConnection {
  ConnectionId id;
  Service service = Service::smtp;
  /// Of the client. None while the PROXY header that names it has not come.
  sys::SocketAddress peer;
  /// Of the load balancer that passed the connection on, or none.
  sys::SocketAddress proxy;
  /// In the loop while front reads or writes it; empty while it is lent.
  std::optional<net::Stream> stream;
  /// While a plain connection is lent: a second owner of the socket.
  sys::Fd lent;
  std::optional<crypto::TlsConnection> tls;
  /// The worker that has it.
  const WorkerLine* worker = nullptr;
  /// Waiting for the client's first line: may be ended to make room.
  bool is_waiting = false;
  bool is_ended = false;
};

}  // namespace peregrine::front
