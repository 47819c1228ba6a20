#pragma once
// Inputs: what the supervisor takes from the machine for its children: listening sockets and
// certificates. Both are got or refused as a whole, with one line for the operator.

#include <expected>
#include <string>
#include <vector>

#include "config/error.h"
#include "config/settings.h"
#include "role/control.h"
#include "sys/fd.h"

namespace peregrine::supervisor {

struct BoundListener {
  Service service = Service::smtp;
  std::string address;  ///< "192.0.2.1:25", or a socket's path
  sys::Fd socket;
};

/// Binds all of them. The error names the address, what is wrong and what to do.
std::expected<std::vector<BoundListener>, config::ConfigError> bind_listeners(
    const config::Settings& settings, const std::string& config_path);

/// Reads the certificates that `settings` names and checks each with its key.
std::expected<std::vector<role::TlsIdentity>, config::ConfigError> read_identities(
    const config::Settings& settings, const std::string& config_path);

/// What to do about a failed bind.
std::string bind_remedy(int number);

}  // namespace peregrine::supervisor
