// What the workers say about the connections they have. A worker can name only its own.

#include "base/log.h"
#include "front/front.h"

namespace peregrine::front {

void Front::receive(const WorkerLine* worker, BytesView datagram, sys::Fd descriptor) {
  auto handoff = rpc::decode_handoff(datagram);
  if (!handoff) {
    log_event(LogLevel::error, "front.bad_handoff", {{"worker", role_name(worker->role)}});
    return;
  }
  ConnectionId id = std::visit([](const auto& message) { return message.id; }, *handoff);
  auto found = connections_.find(id);
  if (found == connections_.end()) return;  // ended meanwhile
  Held connection = found->second;
  if (connection->worker != worker) {
    log_event(LogLevel::error, "front.foreign_handoff",
              {{"worker", role_name(worker->role)}, {"conn", HexId{id.value}}});
    return;
  }
  if (auto* close = std::get_if<rpc::CloseConnection>(&*handoff)) {
    if (close->is_offence) ++offences_;
    // The relay of an encrypted connection ends by itself once it has passed on the last bytes.
    if (connection->lent) end(connection);
  } else if (std::holds_alternative<rpc::StartTls>(*handoff)) {
    start_tls(connection);
  } else if (auto* moved = std::get_if<rpc::MoveConnection>(&*handoff)) {
    // Only login moves connections, and only to where sessions live.
    if (worker->role == Role::login) move(connection, std::move(*moved), std::move(descriptor));
  }
}

void Front::start_tls(const Held& connection) {
  if (!connection->lent || connection->tls) return;
  connection->worker = nullptr;
  connection->stream.emplace(loop_, std::move(connection->lent));
  clients_.spawn(serve_tls(connection, false));
}

void Front::move(const Held& connection, rpc::MoveConnection moved, sys::Fd descriptor) {
  const WorkerLine* target = choose_worker(moved.role);
  if (target == nullptr || !descriptor) {
    log_event(LogLevel::warning, "front.no_session_worker",
              {{"conn", HexId{connection->id.value}}, {"worker", role_name(moved.role)}});
    if (descriptor) {
      // The client has logged in and waits for a word; its socket, or that of its relay, takes it.
      net::Stream stream(loop_, std::move(descriptor));
      static_cast<void>(stream.try_write(refusal_line(connection->service, Refusal::no_worker)));
    }
    if (connection->lent) end(connection);
    return;  // the descriptor has closed, and with it the relay of an encrypted connection
  }
  rpc::OpenConnection facts = describe(*connection);
  facts.ticket = std::move(moved.ticket);
  facts.reply_tag = std::move(moved.reply_tag);
  facts.hello = std::move(moved.hello);
  facts.unread = std::move(moved.unread);
  connection->worker = target;
  if (!target->line->send(rpc::encode_handoff(facts), std::move(descriptor)) && connection->lent) {
    end(connection);
  }
}

}  // namespace peregrine::front
