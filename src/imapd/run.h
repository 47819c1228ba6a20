#pragma once
// The role `imap`: sessions that have logged in. Each can ask core about the mail of the one
// account that its ticket stood for; the process holds no file, no password and no TLS key.

#include "role/control.h"

namespace peregrine::imapd {

/// Serves until the supervisor says stop; the exit status.
int run(role::Start start);

}  // namespace peregrine::imapd
