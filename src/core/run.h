#pragma once
// The core process: the only one that can reach the mail. It opens no socket and parses no mail; it
// answers the calls of api/methods.h.

#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::core {

/// What the process keeps: the data directory and threads.
sys::SandboxPolicy policy(const config::Settings& settings);

/// Runs until the supervisor says stop; the exit status.
int run(role::Start start);

}  // namespace peregrine::core
