#pragma once
// Supervisor: the process that an operator starts. It binds the sockets, reads the certificates,
// gives up root when a user is configured, starts every role as a process of its own and keeps them
// running. It reads nothing that comes from the network.

#include <string>

#include "config/settings.h"

namespace peregrine::supervisor {

/// Serves until SIGTERM or SIGINT. Prints "ready" on standard output once all processes serve.
/// Answers the exit code: 0 after an orderly stop, 1 when the server could not start; the reason is
/// one line on standard error. SIGHUP reads `config_path` again. Call before any thread starts.
int run(const std::string& config_path, config::Settings settings);

}  // namespace peregrine::supervisor
