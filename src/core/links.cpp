#include "core/links.h"

#include <algorithm>

#include "base/log.h"
#include "core/core.h"
#include "core/dispatch.h"

namespace peregrine::core {
namespace {

bool is_worker_that_calls(Role role) {
  return role != Role::admin && (api::k_callers & api::role_bit(role)) != 0;
}

/// Large contents come from those who take or make messages; no other has one to send.
bool sends_contents(Role role) {
  return role == Role::mx || role == Role::imap || role == Role::submission ||
         role == Role::courier;
}

}  // namespace

Links::~Links() {
  close_all();
}

void Links::add(role::LinkedSocket link) {
  if (!is_worker_that_calls(link.link.peer)) {
    log_event(LogLevel::error, "core.bad_link", {{"role", role_name(link.link.peer)}});
    return;
  }
  std::uint64_t& current = workers_[{link.link.peer, link.link.index}];
  if (current != 0) close(current);
  current = open_channel(link.link.peer, link.link.index, std::move(link.socket));
}

void Links::add_operator(sys::Fd socket) {
  std::erase_if(operators_, [this](std::uint64_t number) { return !channels_.contains(number); });
  if (operators_.size() >= k_most_operators) close(operators_.front());
  if (auto number = open_channel(Role::admin, 0, std::move(socket))) operators_.push_back(number);
}

std::uint64_t Links::open_channel(Role role, std::uint32_t index, sys::Fd socket) {
  if (!socket || !sys::set_nonblocking(socket.get())) {
    log_event(LogLevel::error, "core.bad_link", {{"role", role_name(role)}});
    return 0;
  }
  auto peer = std::make_shared<Peer>();
  peer->caller = {role, next_channel_++};
  peer->index = index;
  std::uint64_t number = peer->caller.channel;
  rpc::ChannelOptions options;
  options.passes_descriptors = sends_contents(role);
  // Requests may come before create() returns: its reader starts at once.
  auto channel = rpc::Channel::create(
      core_.gate, std::move(socket), options,
      [&core = core_, peer](rpc::Request request) { dispatch(core, peer, std::move(request)); });
  peer->channel = channel;
  if (!channel->is_open()) {
    core_.release_channel(number);
    return 0;
  }
  channel->on_close([this, number, role, index] {
    auto ended = channels_.find(number);
    bool is_broken = ended != channels_.end() && ended->second->is_broken();
    core_.release_channel(number);
    channels_.erase(number);
    if (is_broken && role != Role::admin && core_.refused) core_.refused(role, index);
  });
  channels_.emplace(number, std::move(channel));
  return number;
}

void Links::close(std::uint64_t number) {
  auto found = channels_.find(number);
  if (found == channels_.end()) return;
  auto channel = found->second;
  channel->close();
}

void Links::close_all() {
  while (!channels_.empty()) close(channels_.begin()->first);
}

}  // namespace peregrine::core
