#include "role/worker.h"

#include "api/client.h"
#include "base/log.h"
#include "sys/sockets.h"

namespace peregrine::role {
namespace {

constexpr std::chrono::seconds k_report_time{10};

/// What a receiver puts before a message.
constexpr std::uint64_t k_trace_allowance = kib(64);

MessageRoom::Limits room_limits(const config::Settings& settings) {
  return {.bytes = settings.limits.buffered_bytes,
          .message = settings.limits.message_size + k_trace_allowance};
}

}  // namespace

struct Worker::Front {
  std::shared_ptr<rpc::Datagrams> line;  // owners: this, and its reader while it runs
};

Worker::Worker(net::Loop& loop, Start start, Options options)
    : loop_(loop),
      options_(options),
      reports_offences_((api::roles_of(static_cast<std::uint16_t>(api::Method::report_offence)) &
                         api::role_bit(start.role)) != 0),
      settings_(std::move(start.settings)),
      room_(room_limits(settings_)),
      gate_(loop),
      sessions_(loop) {
  // A channel that is closed from the start: its calls fail as those of a lost core do.
  core_ = rpc::Channel::create(gate_, sys::Fd(), {});
  core_->close();
  resolver_ = core_;
  for (LinkedSocket& link : start.links) add_link(std::move(link));
  control_ = std::make_unique<Control>(
      gate_, sys::Fd(k_control_descriptor),
      Control::Handlers{
          .link = [this](LinkedSocket link) { add_link(std::move(link)); },
          .reload =
              [this](config::Settings settings, const std::vector<TlsIdentity>&) {
                settings_ = std::move(settings);
                room_.set_limits(room_limits(settings_));
              },
          .stop = [this](std::chrono::milliseconds grace) { gate_.spawn(stop(grace)); },
          .statistics =
              [this] {
                return Statistics{.connections = open_.size(),
                                  .served = served_,
                                  .offences = offences_,
                                  .typists = typists_};
              },
          .operator_connection = {},
          .peer_report = {},
      });
}

Worker::~Worker() = default;

HeldMessage Worker::hold_message(const Connection& connection) {
  const rpc::OpenConnection& facts = connection.facts;
  auto peer = sys::SocketAddress::parse_ip(facts.peer, 0);
  // What one customer of a provider has is one client, as for limits.connections_per_address.
  if (peer && peer->kind() == sys::AddressKind::ipv6) peer = peer->network(64);
  return room_.hold(peer ? peer->ip_text() : facts.peer);
}

int Worker::run() {
  control_->ready();
  loop_.run();
  return 0;
}

void Worker::add_link(LinkedSocket link) {
  if (link.link.peer == Role::core) {
    core_ = rpc::Channel::create(
        gate_, std::move(link.socket),
        {.passes_descriptors = options_.passes_descriptors, .max_payload = rpc::k_max_answer});
    return;
  }
  if (link.link.peer == Role::resolver) {
    resolver_ = rpc::Channel::create(gate_, std::move(link.socket), {});
    return;
  }
  if (link.link.peer != Role::front) return;
  auto front = std::make_shared<Front>();
  std::weak_ptr<Front> weak = front;
  front->line = rpc::Datagrams::create(
      gate_, std::move(link.socket), rpc::k_max_handoff,
      [this, weak](BytesView datagram, sys::Fd fd) {
        if (auto open = weak.lock()) receive(open, datagram, std::move(fd));
      },
      [index = link.link.index] {
        log_event(LogLevel::warning, "worker.front_gone", {{"front", index}});
      });
  fronts_[link.link.index] = std::move(front);
}

void Worker::receive(const std::shared_ptr<Front>& front, BytesView datagram, sys::Fd descriptor) {
  auto handoff = rpc::decode_handoff(datagram);
  if (handoff && std::holds_alternative<rpc::ReportOffence>(*handoff)) {
    const auto& report = std::get<rpc::ReportOffence>(*handoff);
    gate_.spawn(report_offence(report.peer, report.service));
    return;
  }
  auto* open = handoff ? std::get_if<rpc::OpenConnection>(&*handoff) : nullptr;
  if (open == nullptr || !descriptor) {
    log_event(LogLevel::error, "worker.bad_handoff", {{"size", datagram.size()}});
    return;
  }
  ++served_;
  sessions_.spawn(run_session(front, std::move(*open), std::move(descriptor)));
}

net::Task<void> Worker::run_session(std::shared_ptr<Front> front, rpc::OpenConnection facts,
                                    sys::Fd fd) {
  ConnectionId id = facts.id;
  Connection connection{std::move(facts), net::Stream(loop_, std::move(fd))};
  open_.emplace(&connection, std::monostate{});
  SessionEnd end = co_await options_.serve(*this, connection);
  open_.erase(&connection);
  if (connection.is_offence) {
    ++offences_;
    if (!connection.facts.is_loopback) {
      gate_.spawn(report_offence(connection.facts.peer, connection.facts.service));
    }
  }

  sys::Fd socket = connection.stream.release();
  if (std::holds_alternative<BeginTls>(end)) {
    socket.reset();
    front->line->send(rpc::encode_handoff(rpc::StartTls{.id = id}));
  } else if (auto* move = std::get_if<Move>(&end)) {
    rpc::MoveConnection message{.id = id,
                                .role = move->role,
                                .ticket = std::move(move->ticket),
                                .reply_tag = std::move(move->reply_tag),
                                .hello = std::move(move->hello),
                                .unread = std::move(move->unread)};
    front->line->send(rpc::encode_handoff(message), std::move(socket));
  } else {
    socket.reset();
    front->line->send(
        rpc::encode_handoff(rpc::CloseConnection{.id = id, .is_offence = connection.is_offence}));
  }
}

/// Tells core, which counts them for bans. Nobody waits for the answer.
net::Task<void> Worker::report_offence(std::string peer, Service service) {
  if (peer.empty() || !reports_offences_) co_return;
  api::ReportOffenceRequest request;
  request.set_peer(std::move(peer));
  request.set_service(static_cast<std::uint32_t>(service));
  static_cast<void>(co_await api::report_offence(core_, request, deadline_in(k_report_time)));
}

net::Task<void> Worker::stop(std::chrono::milliseconds grace) {
  if (stopping_) co_return;
  stopping_ = true;
  if (when_stopping_) when_stopping_(grace);
  for (auto& [connection, unused] : open_) connection->stream.cancel();
  bool all_ended = co_await sessions_.drained(deadline_in(grace));
  log_event(LogLevel::info, "worker.stopped", {{"orderly", all_ended}});
  loop_.stop();
}

}  // namespace peregrine::role
