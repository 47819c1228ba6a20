#pragma once
// The commands of the program, all but `--role`. One process, one command; it returns when the
// command is done, `serve` when the server has ended.

#include <span>

#include "config/settings.h"
#include "model/service.h"
#include "sys/sandbox.h"

namespace peregrine::cli {

/// What a role's process keeps, for `sandbox-check`: the workers are above this module.
struct RolePolicy {
  Role role;
  sys::SandboxPolicy (*policy)(const config::Settings& settings);
};

/// The exit status: 0 done, 1 failed, 2 wrong use.
int run(int argc, char** argv, std::span<const RolePolicy> policies);

}  // namespace peregrine::cli
