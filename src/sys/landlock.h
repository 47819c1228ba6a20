#pragma once
// Landlock: the kernel's own lock on files, TCP ports, abstract Unix sockets and signals, beneath
// the system call filter. Its generations (ABIs) are probed at run time; the constants of those
// newer than the oldest supported header are defined in landlock.cpp.

#include "sys/sandbox.h"

namespace peregrine::sys {

/// The generation of the running kernel; 0 when it has none or has it switched off.
int landlock_abi();

/// Denies everything that the generation can deny, but for the policy's data directory and ports.
/// Needs no_new_privs. Returns the generation used, 0 when there is none.
std::expected<int, SandboxError> restrict_with_landlock(const SandboxPolicy& policy);

}  // namespace peregrine::sys
