#include "front/front.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "sys/sandbox.h"

namespace peregrine::front {
namespace {

// RFC 7595-registered ALPN names (V15): a client that offers ALPN must offer the service's own.
std::vector<std::string> alpn_of(Service service) {
  switch (service) {
    case Service::imap:
    case Service::imaps:
      return {"imap"};
    case Service::pop3:
    case Service::pop3s:
      return {"pop3"};
    default:
      return {"smtp"};
  }
}

constexpr std::array k_tls_services = {Service::smtp, Service::submission, Service::submissions,
                                       Service::imap, Service::imaps,      Service::pop3,
                                       Service::pop3s};

}  // namespace

Front::Front(net::Loop& loop, role::Start start)
    : loop_(loop),
      gate_(loop),
      clients_(loop),
      settings_(std::move(start.settings)),
      index_(start.index),
      admission_(start.counter_table, {start.counters.key[0], start.counters.key[1]}, index_),
      bans_(role::BanTable::open(start.ban_table, {start.bans.key[0], start.bans.key[1]},
                                 sys::Access::read)),
      next_id_(crypto::random_u64() >> 1),
      emptied_(loop),
      listeners_(std::move(start.listeners)) {
  load_tls(start.identities);
  for (role::LinkedSocket& link : start.links) add_link(std::move(link));
  control_ = std::make_unique<role::Control>(
      gate_, sys::Fd(role::k_control_descriptor),
      role::Control::Handlers{
          .link = [this](role::LinkedSocket link) { add_link(std::move(link)); },
          .reload =
              [this](config::Settings settings, const std::vector<role::TlsIdentity>& identities) {
                settings_ = std::move(settings);
                load_tls(identities);
              },
          .stop = [this](std::chrono::milliseconds grace) { gate_.spawn(stop(grace)); },
          .statistics =
              [this] {
                return role::Statistics{.connections = admission_.open(),
                                        .served = served_,
                                        .offences = offences_,
                                        .banned = turned_away_};
              },
          .operator_connection = {},
          .peer_report = [this](const role::PeerReport& report) { take_report(report); },
      });
}

int Front::run() {
  for (role::ListeningSocket& listener : listeners_) {
    gate_.spawn(accept_from(listener.listen.service, std::move(listener.socket)));
  }
  listeners_.clear();
  control_->ready();
  loop_.run();
  return 0;
}

// Connections under way keep the service they were made from; only new ones see the change.
void Front::load_tls(const std::vector<role::TlsIdentity>& identities) {
  std::vector<crypto::TlsIdentityPem> pems;
  for (const role::TlsIdentity& identity : identities) {
    pems.push_back({identity.chain_pem, identity.key_pem});
  }
  TlsServices services;
  for (Service service : k_tls_services) {
    auto made = crypto::TlsService::create(
        {.name = std::string(service_name(service)),
         .alpn = alpn_of(service),
         .require_tls_1_3 = settings_.tls.minimum_version == config::TlsVersion::tls_1_3},
        pems);
    if (!made) {
      log_event(LogLevel::error, "front.tls_not_loaded",
                {{"service", service_name(service)}, {"error", static_cast<int>(made.error())}});
      return;  // the old ones stay
    }
    services.emplace(service, std::move(*made));
  }
  tls_ = std::move(services);
}

void Front::add_link(role::LinkedSocket link) {
  auto worker = std::make_unique<WorkerLine>();
  worker->role = link.link.peer;
  worker->index = link.link.index;
  const WorkerLine* key = worker.get();
  worker->line = rpc::Datagrams::create(
      gate_, std::move(link.socket), rpc::k_max_handoff,
      [this, key](BytesView datagram, sys::Fd fd) { receive(key, datagram, std::move(fd)); },
      [this, key] { worker_gone(key); });
  workers_[worker->role].push_back(std::move(worker));
}

// A worker that ends takes the connections along that it had, and no others.
void Front::worker_gone(const WorkerLine* worker) {
  log_event(stopping_ ? LogLevel::debug : LogLevel::warning, "front.worker_gone",
            {{"worker", role_name(worker->role)}, {"index", worker->index}});
  std::vector<Held> lost;
  for (auto& [id, connection] : connections_) {
    if (connection->worker == worker) lost.push_back(connection);
  }
  for (const Held& connection : lost) {
    connection->worker = nullptr;
    // An encrypted connection ends through its relay, which sees the worker's socket close.
    if (connection->lent) end(connection);
  }
  // Posted: the line that reports is still running.
  loop_.post([this, worker] {
    std::erase_if(workers_[worker->role], [&](const auto& held) { return held.get() == worker; });
  });
}

// What a silent worker has it keeps: it may come back, and its end says more than its silence.
void Front::take_report(const role::PeerReport& report) {
  for (const auto& worker : workers_[report.peer]) {
    if (worker->index != report.index) continue;
    worker->is_answering = report.state == role::PeerState::answering;
  }
}

net::Task<void> Front::accept_from(Service service, sys::Fd listener) {
  net::FdWatch watch(loop_, std::move(listener));
  while (!stopping_) {
    auto accepted = sys::accept_connection(watch.fd());
    if (accepted) {
      admit(service, std::move(*accepted));
      continue;
    }
    if (!sys::would_block(accepted.error())) {
      log_event(LogLevel::warning, "front.accept_failed",
                {{"service", service_name(service)}, {"error", sys::describe(accepted.error())}});
      // Out of descriptors, most likely: others must end before it can go on.
      co_await net::sleep_until(loop_, deadline_in(std::chrono::milliseconds(100)));
      continue;
    }
    net::WaitResult wait = co_await watch.readable(Deadline::max());
    if (wait != net::WaitResult::ready) break;
  }
}

AdmissionVerdict Front::enter(const sys::SocketAddress& peer) {
  AdmissionVerdict verdict = admission_.enter(peer, settings_.limits);
  if (verdict != AdmissionVerdict::too_many_in_all) return verdict;
  return make_room() ? admission_.enter(peer, settings_.limits)
                     : admission_.enter_share(peer, settings_.limits);
}

bool Front::is_banned(const sys::SocketAddress& peer) const {
  if (!bans_ || !peer.is_ip() || peer.is_loopback()) return false;
  unsigned bits = peer.kind() == sys::AddressKind::ipv6 ? 64 : 32;
  return bans_->holds(peer.network(bits), Monotonic::now());
}

void Front::turn_away(Service service, const sys::SocketAddress& peer, sys::Fd socket,
                      Refusal refusal) {
  // A banned client may come back a thousand times a second: that is counted, and not told.
  log_event(refusal == Refusal::banned ? LogLevel::debug : LogLevel::warning, "front.refused",
            {{"service", service_name(service)},
             {"peer", peer.ip_text()},
             {"banned", refusal == Refusal::banned}});
  net::Stream stream(loop_, std::move(socket));
  if (!is_implicit_tls(service)) {
    static_cast<void>(stream.try_write(refusal_line(service, refusal)));
  }
}

void Front::admit(Service service, sys::AcceptedSocket accepted) {
  // Whose connection a load balancer brings is known later; until then only the total counts.
  bool is_proxied = config::contains(settings_.listen.proxy_from, accepted.peer.ip_text());
  sys::SocketAddress peer = is_proxied ? sys::SocketAddress() : accepted.peer;
  if (is_banned(peer)) {
    ++turned_away_;
    return turn_away(service, peer, std::move(accepted.fd), Refusal::banned);
  }
  if (enter(peer) != AdmissionVerdict::admitted) {
    return turn_away(service, accepted.peer, std::move(accepted.fd), Refusal::too_many);
  }
  ++served_;
  auto connection = std::make_shared<ClientConnection>();
  // The index keeps the ids of several fronts apart.
  connection->id = ConnectionId((next_id_++ & 0x00ffffffffffffffULL) |
                                static_cast<std::uint64_t>(index_ & 0xff) << 56);
  connection->service = service;
  connection->peer = std::move(peer);
  if (is_proxied) connection->proxy = std::move(accepted.peer);
  connection->stream.emplace(loop_, std::move(accepted.fd));
  connections_.emplace(connection->id, connection);
  log_event(LogLevel::debug, "front.connected",
            {{"conn", HexId{connection->id.value}},
             {"service", service_name(service)},
             {"peer", connection->peer.ip_text()}});
  clients_.spawn(begin(std::move(connection)));
}

// Ends one that has not said a line yet: it has the least to lose.
bool Front::make_room() {
  for (auto& [id, connection] : connections_) {
    if (!connection->is_waiting) continue;
    Held evicted = connection;
    log_event(LogLevel::info, "front.evicted", {{"conn", HexId{id.value}}});
    evicted->stream->cancel();
    end(evicted);
    return true;
  }
  return false;
}

net::Task<void> Front::stop(std::chrono::milliseconds grace) {
  stopping_ = true;
  std::vector<Held> waiting;
  for (auto& [id, connection] : connections_) {
    if (connection->is_waiting) waiting.push_back(connection);
  }
  for (const Held& connection : waiting) connection->stream->cancel();
  Deadline deadline = deadline_in(grace);
  // Lent connections end when their workers say so.
  if (!connections_.empty()) static_cast<void>(co_await emptied_.wait(deadline));
  loop_.stop();
}

sys::SandboxPolicy policy(const config::Settings& settings) {
  sys::SandboxPolicy out;
  out.may_accept = true;
  out.may_pass_descriptors = true;
  out.may_make_socket_pairs = true;
  // A connection's socket, and the two ends of its relay.
  out.limits.open_files = std::uint64_t{settings.limits.connections} * 3 + 256;
  return out;
}

int run(role::Start start) {
  crypto::warm_up();
  net::Loop loop;
  sys::SandboxPolicy kept = policy(start.settings);
  Front front(loop, std::move(start));
  auto sealed = sys::enter_sandbox(kept);
  if (!sealed) {
    log_event(LogLevel::error, "front.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  return front.run();
}

}  // namespace peregrine::front
