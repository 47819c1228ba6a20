#pragma once
// The system call filter of a sandboxed role: a list of what is allowed, everything else kills the
// process. The lists and the reason for each argument check are in seccomp_filter.cpp.

#include "sys/sandbox.h"

namespace peregrine::sys {

/// Installs the filter for this process. Needs no_new_privs or CAP_SYS_ADMIN.
std::expected<void, SandboxError> load_seccomp_filter(const SandboxPolicy& policy);

}  // namespace peregrine::sys
