#pragma once
// The role `login`: IMAP, POP3 and submission until somebody has authenticated. It can ask core
// whether a name and a password belong together, and nothing else; a connection that has logged in
// is moved to a process that can reach mail and no passwords.

#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::login {

/// What the process keeps once it serves.
sys::SandboxPolicy policy(const config::Settings& settings);
/// Serves until the supervisor says stop; the exit status.
int run(role::Start start);

}  // namespace peregrine::login
