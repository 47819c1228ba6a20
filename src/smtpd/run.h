#pragma once
// The mx role: SMTP from other servers and LMTP, for recipients of this server. A worker process
// (role/worker.h) without any file or network access: it has the client's socket while a session
// lasts, and asks core whether a recipient exists and to deliver.

#include "config/settings.h"
#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::smtpd {

/// What the process keeps once it serves.
sys::SandboxPolicy policy(const config::Settings& settings);
/// Serves until the supervisor says stop; the exit status.
int run(role::Start start);

}  // namespace peregrine::smtpd
