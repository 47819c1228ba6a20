#pragma once
// The pop3 role: sessions that have logged in. A worker process (role/worker.h) without any file or
// network access, which cannot pass a descriptor on either: it has the client's socket while a
// session lasts, and reads one account's INBOX from core.

#include "config/settings.h"
#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::pop3d {

/// What the process keeps once it serves.
sys::SandboxPolicy policy(const config::Settings& settings);
/// Serves until the supervisor says stop; the exit status.
int run(role::Start start);

}  // namespace peregrine::pop3d
