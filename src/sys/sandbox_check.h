#pragma once
// Proves a sandbox from the inside: for each act, a child enters the policy's sandbox and tries it.
// Forbidden acts must be deadly or refused, allowed ones must work. For tests and for
// `peregrine sandbox-check`; takes about a second a policy. Call it in a process with one
// thread. As root it proves the root case as well, including the loss of identity.

#include <string_view>
#include <vector>

#include "sys/sandbox.h"

namespace peregrine::sys {

enum class ProbeVerdict : std::uint8_t {
  killed,        ///< forbidden, and SIGSYS ended the process
  refused,       ///< forbidden, and the call failed with EPERM, EACCES or ENOSYS
  works,         ///< allowed, and it did
  permitted,     ///< forbidden, but it went through: a hole
  inconclusive,  ///< forbidden, and it failed for another reason than the sandbox
  broken,        ///< allowed, but it failed or was deadly
};

struct SandboxProbe {
  std::string_view name;
  ProbeVerdict verdict;
  int detail = 0;  ///< errno, or the signal that ended the child

  [[nodiscard]] bool is_good() const { return verdict <= ProbeVerdict::works; }
};

/// The probes in a fixed order. When the sandbox cannot be entered at all there is one entry,
/// "enter_sandbox", with the verdict `broken`.
std::vector<SandboxProbe> run_sandbox_probes(const SandboxPolicy& policy);

std::string_view verdict_name(ProbeVerdict verdict);

}  // namespace peregrine::sys
