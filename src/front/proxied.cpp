// Connections that a load balancer passes on: whose they are. And what front says of a client that
// broke rules before any worker had it.

#include <array>

#include "base/log.h"
#include "front/front.h"

namespace peregrine::front {
namespace {

// A proxy writes its header at once, before anything of the client.
constexpr std::chrono::seconds k_header_time{10};

}  // namespace

net::Task<bool> Front::learn_peer(Held connection) {
  proxy::ProxyReader reader;
  bool is_read = co_await read_proxy_header(connection, reader);
  if (connection->is_ended) co_return false;
  if (!is_read) {
    // From the proxy itself: an error in its settings, or a client that went around it.
    log_event(LogLevel::warning, "front.no_proxy_header",
              {{"conn", HexId{connection->id.value}}, {"proxy", connection->proxy.ip_text()}});
    ++offences_;
    co_await refuse(connection, Refusal::foreign);
    co_return false;
  }
  sys::SocketAddress peer = connection->proxy;
  if (const auto& source = reader.source()) {
    peer = sys::SocketAddress::from_ip_bytes({source->ip.data(), source->size}, source->port);
  }
  bool is_client = reader.source().has_value();
  if (is_client && is_banned(peer)) {
    ++turned_away_;
    co_await refuse(connection, Refusal::banned);
    co_return false;
  }
  // In all it is counted already; from here on it counts for its address too.
  admission_.leave(connection->peer);
  connection->peer = peer;
  if (enter(peer) != AdmissionVerdict::admitted) {
    connection->peer = {};
    if (enter(connection->peer) != AdmissionVerdict::admitted) {
      // Not even its place is left: end() would give back what it does not have.
      connections_.erase(connection->id);
      connection->is_ended = true;
      co_return false;
    }
    log_event(LogLevel::warning, "front.refused",
              {{"conn", HexId{connection->id.value}}, {"peer", peer.ip_text()}});
    co_await refuse(connection, Refusal::too_many);
    co_return false;
  }
  log_event(LogLevel::debug, "front.proxied",
            {{"conn", HexId{connection->id.value}}, {"peer", peer.ip_text()}});
  co_return true;
}

/// Takes the header from the socket and not a byte more: a TLS handshake may follow.
net::Task<bool> Front::read_proxy_header(Held connection, proxy::ProxyReader& reader) {
  Deadline deadline = deadline_in(k_header_time);
  std::array<char, 256> buffer{};
  while (reader.wants() > 0) {
    std::span<char> room(buffer.data(), std::min(buffer.size(), reader.wants()));
    auto read = co_await connection->stream->read(room, deadline);
    if (!read || connection->is_ended) co_return false;
    reader.feed({buffer.data(), *read});
  }
  co_return reader.status() == proxy::ProxyStatus::done;
}

/// Core counts offences and front has no line to it: the worker that would have had the client
/// passes it on.
void Front::report_offence(const ClientConnection& connection) {
  ++offences_;
  if (!connection.peer.is_ip() || connection.peer.is_loopback()) return;
  const WorkerLine* worker = choose_worker(first_role(connection.service));
  if (worker == nullptr) return;
  static_cast<void>(worker->line->send(rpc::encode_handoff(rpc::ReportOffence{
      .id = connection.id, .service = connection.service, .peer = connection.peer.ip_text()})));
}

}  // namespace peregrine::front
