// The life of one connection, from its first byte to its worker.

#include <array>
#include <sys/socket.h>

#include "base/log.h"
#include "front/front.h"
#include "front/tls_io.h"

namespace peregrine::front {
namespace {

// A first line longer than this goes to the worker as it is: its framer knows what to say.
constexpr std::size_t k_first_line_limit = kib(4);
constexpr std::chrono::seconds k_write_time{30};

std::span<char> scratch() {
  static std::array<char, k_first_line_limit> buffer;
  return buffer;
}

bool has_line(BytesView data) {
  return data.find('\n') != BytesView::npos || data.size() >= k_first_line_limit;
}

}  // namespace

Deadline Front::first_line_deadline(Service service) const {
  bool is_mail = first_role(service) == Role::mx;
  return deadline_in(is_mail ? settings_.limits.smtp_idle : settings_.limits.unauthenticated_time);
}

const WorkerLine* Front::choose_worker(Role role) {
  auto& pool = workers_[role];
  std::size_t& next = next_worker_[role];
  for (std::size_t tried = 0; tried < pool.size(); ++tried) {
    const WorkerLine* worker = pool[next++ % pool.size()].get();
    if (worker->line->is_open() && worker->is_answering) return worker;
  }
  return nullptr;
}

rpc::OpenConnection Front::describe(const ClientConnection& connection) const {
  rpc::OpenConnection facts;
  facts.id = connection.id;
  facts.service = connection.service;
  facts.peer = connection.peer.ip_text();
  facts.peer_port = connection.peer.port();
  facts.is_loopback = connection.peer.is_loopback();
  if (connection.tls) {
    facts.tls = rpc::TlsFacts{.version = connection.tls->version(),
                              .cipher = connection.tls->cipher(),
                              .server_name = connection.tls->server_name(),
                              .exporter = connection.tls->exporter(),
                              .server_end_point = connection.tls->server_end_point()};
  }
  return facts;
}

void Front::end(const Held& connection) {
  if (std::exchange(connection->is_ended, true)) return;
  if (connection->lent) {
    // The worker, or what is left of it, may hold the socket too.
    ::shutdown(connection->lent.get(), SHUT_RDWR);
    connection->lent.reset();
  }
  admission_.leave(connection->peer);
  connections_.erase(connection->id);
  if (stopping_ && connections_.empty()) emptied_.notify();
}

net::Task<void> Front::refuse(Held connection, Refusal refusal) {
  std::string line = refusal_line(connection->service, refusal);
  Deadline deadline = deadline_in(std::chrono::seconds(5));
  if (connection->tls) {
    static_cast<void>(
        co_await net::tls_write(*connection->tls, *connection->stream, line, deadline));
    connection->tls->shutdown();
  } else {
    static_cast<void>(co_await connection->stream->write(line, deadline));
  }
  end(connection);
}

net::Task<void> Front::begin(Held connection) {
  if (connection->proxy.is_ip()) {
    bool is_known = co_await learn_peer(connection);
    if (!is_known) co_return;
  }
  if (is_implicit_tls(connection->service)) {
    co_await serve_tls(connection, true);
    co_return;
  }
  bool is_patient = co_await pause_greeting(connection);
  if (!is_patient) co_return;
  std::string hello = greeting(connection->service, settings_.server.hostname);
  auto written = co_await connection->stream->write(hello, deadline_in(k_write_time));
  if (!written) {
    end(connection);
    co_return;
  }
  co_await serve_plain(connection);
}

// RFC 5321 section 4.3.1: a client waits for the greeting, which ends with its last line. One that
// does not is no mail server.
net::Task<bool> Front::pause_greeting(Held connection) {
  if (connection->service != Service::smtp) co_return true;
  bool is_trusted = config::contains(settings_.smtp.trusted_networks, connection->peer.ip_text());
  auto pause = connection->peer.is_loopback() ? settings_.limits.greeting_pause_loopback
                                              : settings_.limits.greeting_pause;
  if (pause.count() == 0 || is_trusted) co_return true;
  if (settings_.smtp.two_line_greeting) {
    std::string start = greeting_start(connection->service, settings_.server.hostname);
    auto written = co_await connection->stream->write(start, deadline_in(k_write_time));
    if (!written) {
      end(connection);
      co_return false;
    }
  }
  net::WaitResult wait = co_await connection->stream->readable(deadline_in(pause));
  if (wait == net::WaitResult::timed_out) co_return true;
  if (connection->is_ended) co_return false;
  log_event(LogLevel::info, "front.early_talk",
            {{"conn", HexId{connection->id.value}}, {"peer", connection->peer.ip_text()}});
  report_offence(*connection);
  co_await refuse(connection, Refusal::early_talk);
  co_return false;
}

// Waits for the first line and lends the socket.
net::Task<void> Front::serve_plain(Held connection) {
  Bytes unread;
  Deadline greeted = Monotonic::now();
  Deadline deadline = first_line_deadline(connection->service);
  while (!has_line(unread)) {
    auto result = connection->stream->try_read(scratch());
    if (result.kind == net::Stream::Read::data) {
      unread.append(scratch().data(), result.size);
      continue;
    }
    if (result.kind != net::Stream::Read::would_block) break;
    connection->is_waiting = true;
    net::WaitResult wait = co_await connection->stream->readable(deadline);
    connection->is_waiting = false;
    if (connection->is_ended) co_return;
    if (wait == net::WaitResult::ready) continue;
    bool late = wait == net::WaitResult::timed_out;
    co_await refuse(connection, late ? Refusal::too_slow : Refusal::stopping);
    co_return;
  }
  const WorkerLine* worker = choose_worker(first_role(connection->service));
  if (!has_line(unread)) {
    end(connection);
    co_return;
  }
  if (worker == nullptr) {
    co_await refuse(connection, Refusal::no_worker);
    co_return;
  }
  rpc::OpenConnection facts = describe(*connection);
  facts.unread = std::move(unread);
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Monotonic::now() - greeted);
  // No first line is waited for longer than minutes.
  facts.first_line_milliseconds = static_cast<std::uint32_t>(took.count());
  connection->worker = worker;
  connection->lent = connection->stream->release();
  connection->stream.reset();
  if (!worker->line->send_borrowed(rpc::encode_handoff(facts), connection->lent.get())) {
    end(connection);
  }
}

net::Task<void> Front::serve_tls(Held connection, bool with_greeting) {
  auto service = tls_.find(connection->service);
  if (service == tls_.end()) {
    end(connection);
    co_return;
  }
  connection->tls.emplace(service->second, connection->stream->fd());
  Deadline deadline = deadline_in(settings_.tls.handshake_timeout);
  bool shaken = co_await net::tls_handshake(*connection->tls, *connection->stream, deadline);
  if (!shaken) {
    log_event(LogLevel::info, "front.handshake_failed",
              {{"conn", HexId{connection->id.value}}, {"error", connection->tls->error()}});
    end(connection);
    co_return;
  }
  if (with_greeting) {
    std::string hello = greeting(connection->service, settings_.server.hostname);
    auto written = co_await net::tls_write(*connection->tls, *connection->stream, hello,
                                           deadline_in(k_write_time));
    if (!written) {
      end(connection);
      co_return;
    }
  }
  Bytes unread;
  deadline = first_line_deadline(connection->service);
  while (!has_line(unread)) {
    connection->is_waiting = true;
    auto size = co_await net::tls_read(*connection->tls, *connection->stream, scratch(), deadline);
    connection->is_waiting = false;
    if (connection->is_ended) co_return;
    if (!size) {
      bool gone = size.error() == net::NetError::closed || size.error() == net::NetError::reset;
      if (gone) {
        end(connection);
      } else {
        bool late = size.error() == net::NetError::timed_out;
        co_await refuse(connection, late ? Refusal::too_slow : Refusal::stopping);
      }
      co_return;
    }
    unread.append(scratch().data(), *size);
  }
  const WorkerLine* worker = choose_worker(first_role(connection->service));
  auto sockets = sys::socket_pair(sys::SocketKind::stream);
  if (worker == nullptr || !sockets) {
    co_await refuse(connection, Refusal::no_worker);
    co_return;
  }
  rpc::OpenConnection facts = describe(*connection);
  facts.unread = std::move(unread);
  Bytes handoff = rpc::encode_handoff(facts);
  facts = {};
  connection->worker = worker;
  net::Stream pair(loop_, std::move(sockets->first));
  if (worker->line->send(handoff, std::move(sockets->second))) {
    Bytes().swap(handoff);
    co_await tls_relay(gate_, *connection->tls, *connection->stream, pair);
  }
  end(connection);
}

}  // namespace peregrine::front
