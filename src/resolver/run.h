#pragma once
// The role `resolver`: the only process that hears what name servers say. It can open sockets to
// them and answers `courier` and `mx`; it reaches no mail, no file and no client.

#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::resolver {

/// What the process keeps once it serves.
sys::SandboxPolicy policy(const config::Settings& settings);
/// Serves until the supervisor says stop; the exit status.
int run(role::Start start);

}  // namespace peregrine::resolver
