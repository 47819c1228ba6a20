#include "resolver/service.h"

#include <algorithm>

#include "api/methods.h"
#include "base/log.h"

namespace peregrine::resolver {
namespace {

/// A name of 253 bytes and a number, with room for fields of a later build.
constexpr std::size_t k_largest_request = kib(1);

bool may_ask(Role role) {
  return role == Role::courier || role == Role::mx;
}

api::DnsStatus wire_status(Status status) {
  switch (status) {
    case Status::ok:
      return api::DNS_OK;
    case Status::no_data:
      return api::DNS_NO_DATA;
    case Status::no_name:
      return api::DNS_NO_NAME;
    case Status::failed:
      return api::DNS_FAILED;
    case Status::bogus:
      return api::DNS_BOGUS;
    case Status::bad_name:
      return api::DNS_BAD_NAME;
  }
  return api::DNS_FAILED;
}

Bytes encode(Answer answer) {
  api::LookupResponse out;
  out.set_status(wire_status(answer.status));
  out.set_secure(answer.is_secure);
  for (Bytes& record : answer.records) out.add_records(std::move(record));
  out.set_ttl(answer.ttl);
  out.set_canonical_name(std::move(answer.canonical_name));
  out.set_reason(std::move(answer.reason));
  return out.SerializeAsString();
}

// Names are the business of those who mail: only what an operator may have to act on is logged.
void log_failure(const std::string& name, RecordType type, const Answer& answer) {
  bool is_bogus = answer.status == Status::bogus;
  if (!is_bogus && answer.status != Status::failed) return;
  log_event(is_bogus ? LogLevel::info : LogLevel::debug,
            is_bogus ? "resolver.bogus" : "resolver.failed",
            {{"name", name}, {"type", type_name(type)}, {"reason", answer.reason}});
}

}  // namespace

void Service::add(role::LinkedSocket link) {
  Role role = link.link.peer;
  if (!may_ask(role) || !link.socket || !sys::set_nonblocking(link.socket.get())) {
    log_event(LogLevel::error, "resolver.bad_link", {{"role", role_name(role)}});
    return;
  }
  std::shared_ptr<Peer>& place = peers_[{role, link.link.index}];
  if (place != nullptr && place->channel != nullptr) {
    auto before = place->channel;
    before->close();
  }
  auto peer = std::make_shared<Peer>();
  place = peer;
  std::weak_ptr<Peer> weak = peer;
  peer->channel = rpc::Channel::create(
      gate_, std::move(link.socket), {.max_payload = k_largest_request, .max_calls = k_most_calls},
      [this, weak](rpc::Request request) {
        if (auto open = weak.lock()) receive(open, std::move(request));
      });
}

void Service::receive(const std::shared_ptr<Peer>& peer, rpc::Request request) {
  api::LookupRequest asked;
  bool is_right = request.method() == api::k_lookup && asked.ParseFromString(request.payload());
  request.drop_payload();
  if (!is_right) {
    ++refused_;
    request.fail(static_cast<std::uint16_t>(api::ErrorCode::malformed), "not a lookup");
    // The channel is still reading the frame that brought this.
    if (peer->channel != nullptr) {
      gate_.loop().post([channel = peer->channel] { channel->close(); });
    }
    return;
  }
  auto type = record_type(asked.type());
  auto name = question_name(asked.name());
  if (!type || !name) {
    ++refused_;
    request.respond(encode({.status = Status::bad_name, .reason = "the question cannot be asked"}));
    return;
  }
  if (peer->running >= k_most_lookups_per_channel) {
    ++refused_;
    request.respond(encode({.status = Status::failed, .reason = "too many lookups"}));
    return;
  }
  ++served_;
  ++peer->running;
  gate_.spawn(answer(peer, std::move(request), std::move(*name), *type));
}

net::Task<void> Service::answer(std::shared_ptr<Peer> peer, rpc::Request request, std::string name,
                                RecordType type) {
  Deadline deadline = Deadline::max();  // dns.timeout holds
  Answer found = co_await resolver_.lookup(name, type, deadline);
  --peer->running;
  log_failure(name, type, found);
  if (!request.is_cancelled()) request.respond(encode(std::move(found)));
}

void Service::close_all() {
  for (auto& [key, peer] : peers_) {
    if (peer->channel == nullptr) continue;
    auto channel = peer->channel;
    channel->close();
  }
}

std::size_t Service::channels() const {
  return static_cast<std::size_t>(std::ranges::count_if(peers_, [](const auto& each) {
    return each.second->channel != nullptr && each.second->channel->is_open();
  }));
}

}  // namespace peregrine::resolver
