#pragma once
// The role `imap`: sessions that have logged in. Each can ask core about the mail of the one
// account that its ticket stood for; the process holds no file, no password and no TLS key.

#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::imapd {

/// What the process keeps once it serves.
sys::SandboxPolicy policy(const config::Settings& settings);
/// Serves until the supervisor says stop; the exit status.
int run(role::Start start);

}  // namespace peregrine::imapd
