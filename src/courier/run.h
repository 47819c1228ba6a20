#pragma once
// The role `courier`: takes leased mail to other servers. It holds nothing, has no files, and makes
// outgoing TCP connections alone.

#include "role/control.h"
#include "sys/sandbox.h"

namespace peregrine::courier {

sys::SandboxPolicy policy(const config::Settings& settings);

/// Runs the process to its end; the exit status.
int run(role::Start start);

}  // namespace peregrine::courier
