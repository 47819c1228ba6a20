#pragma once
// The services that clients connect to, and the roles of processes.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace peregrine {

/// Never renumber: sent between processes and part of the TLS session context (V16).
enum class Service : std::uint8_t {
  smtp = 1,         ///< port 25
  lmtp = 2,         ///< Unix socket
  submission = 3,   ///< port 587
  submissions = 4,  ///< port 465
  imap = 5,         ///< port 143
  imaps = 6,        ///< port 993
  pop3 = 7,         ///< port 110
  pop3s = 8,        ///< port 995
};

/// Never renumber: sent between processes.
enum class Role : std::uint8_t {
  supervisor = 1,
  front = 2,
  login = 3,
  mx = 4,
  imap = 5,
  pop3 = 6,
  core = 7,
  admin = 8,  ///< not a process of ours: the operator's command at the control socket
  submission = 9,
  courier = 10,
  resolver = 11,
};

constexpr std::string_view service_name(Service service) {
  switch (service) {
    case Service::smtp:
      return "smtp";
    case Service::lmtp:
      return "lmtp";
    case Service::submission:
      return "submission";
    case Service::submissions:
      return "submissions";
    case Service::imap:
      return "imap";
    case Service::imaps:
      return "imaps";
    case Service::pop3:
      return "pop3";
    case Service::pop3s:
      return "pop3s";
  }
  return "?";
}

constexpr std::string_view role_name(Role role) {
  switch (role) {
    case Role::supervisor:
      return "supervisor";
    case Role::front:
      return "front";
    case Role::login:
      return "login";
    case Role::mx:
      return "mx";
    case Role::imap:
      return "imap";
    case Role::pop3:
      return "pop3";
    case Role::core:
      return "core";
    case Role::admin:
      return "admin";
    case Role::submission:
      return "submission";
    case Role::courier:
      return "courier";
    case Role::resolver:
      return "resolver";
  }
  return "?";
}

constexpr std::array k_worker_roles = {Role::front,      Role::login,   Role::mx,
                                       Role::imap,       Role::pop3,    Role::core,
                                       Role::submission, Role::courier, Role::resolver};

constexpr std::optional<Role> role_from_name(std::string_view name) {
  for (Role role : k_worker_roles) {
    if (role_name(role) == name) return role;
  }
  return std::nullopt;
}

/// True when the first byte on the wire is TLS.
constexpr bool is_implicit_tls(Service service) {
  return service == Service::submissions || service == Service::imaps || service == Service::pop3s;
}

/// The standard port (the configuration adds its offset); 0 for a Unix socket.
constexpr std::uint16_t standard_port(Service service) {
  switch (service) {
    case Service::smtp:
      return 25;
    case Service::submission:
      return 587;
    case Service::submissions:
      return 465;
    case Service::imap:
      return 143;
    case Service::imaps:
      return 993;
    case Service::pop3:
      return 110;
    case Service::pop3s:
      return 995;
    case Service::lmtp:
      return 0;
  }
  return 0;
}

}  // namespace peregrine
