#include "supervisor/layout.h"

#include <algorithm>

namespace peregrine::supervisor {
namespace {

// Before login a connection is with `login`, afterwards with the protocol's own process.
bool uses(Service service, Role role) {
  switch (service) {
    case Service::smtp:
    case Service::lmtp:
      return role == Role::mx;
    case Service::submission:
    case Service::submissions:
      return role == Role::submission || role == Role::login;
    case Service::imap:
    case Service::imaps:
      return role == Role::imap || role == Role::login;
    case Service::pop3:
    case Service::pop3s:
      return role == Role::pop3 || role == Role::login;
  }
  return false;
}

/// Serves client connections.
bool is_worker(Role role) {
  return role == Role::login || role == Role::mx || role == Role::submission ||
         role == Role::imap || role == Role::pop3;
}

bool asks_resolver(Role role) {
  return role == Role::courier || role == Role::mx;
}

void add(std::vector<Slot>& slots, Role role, std::uint32_t count) {
  for (std::uint32_t index = 0; index < count; ++index) slots.push_back({role, index});
}

}  // namespace

std::vector<Slot> plan_processes(const config::Settings& settings, std::uint32_t cores) {
  std::vector<config::Listener> listeners = config::listeners(settings);
  auto needed = [&](Role role) {
    return std::ranges::any_of(listeners, [&](const auto& l) { return uses(l.service, role); });
  };
  const config::RoleSettings& roles = settings.roles;
  std::vector<Slot> slots;
  add(slots, Role::core, 1);
  if (settings.outbound.enabled || settings.dns.enabled) add(slots, Role::resolver, 1);
  if (settings.outbound.enabled) add(slots, Role::courier, 1);
  if (needed(Role::login)) add(slots, Role::login, roles.login.resolve(cores));
  if (needed(Role::mx)) add(slots, Role::mx, roles.mx.resolve(cores));
  if (needed(Role::submission)) add(slots, Role::submission, roles.submission.resolve(cores));
  if (needed(Role::imap)) add(slots, Role::imap, roles.imap.resolve(cores));
  if (needed(Role::pop3)) add(slots, Role::pop3, roles.pop3.resolve(cores));
  if (!listeners.empty()) add(slots, Role::front, roles.front.resolve(cores));
  return slots;
}

unsigned stage_of(Role role) {
  if (role == Role::core || role == Role::resolver) return 0;
  return role == Role::front ? 2 : 1;
}

std::optional<sys::SocketKind> link_kind(Role one, Role other) {
  if (one == Role::resolver) std::swap(one, other);
  if (other == Role::resolver) {
    return asks_resolver(one) ? std::optional(sys::SocketKind::stream) : std::nullopt;
  }
  if (one == Role::courier || other == Role::courier) {
    bool core = one == Role::core || other == Role::core;
    return core ? std::optional(sys::SocketKind::stream) : std::nullopt;
  }
  if (is_worker(other)) std::swap(one, other);
  if (!is_worker(one)) return std::nullopt;
  if (other == Role::core) return sys::SocketKind::stream;
  if (other == Role::front) return sys::SocketKind::seqpacket;
  return std::nullopt;
}

}  // namespace peregrine::supervisor
