#pragma once
// Capabilities and identity. For enter_sandbox() and for the supervisor, which keeps the few
// capabilities it needs to start children under other users.

#include <cstdint>
#include <optional>

#include "sys/sandbox.h"

namespace peregrine::sys {

/// Capability numbers as a set: bit N is capability N of linux/capability.h.
struct CapabilitySet {
  std::uint64_t bits = 0;
  bool operator==(const CapabilitySet&) const = default;
};

/// CAP_SETUID, CAP_SETGID, CAP_SETPCAP and CAP_KILL: enough to start children that become others,
/// and to signal them.
extern const CapabilitySet k_supervisor_capabilities;

/// Drops every capability outside `kept` from all sets including the bounding set, and becomes
/// `run_as`, without supplementary groups. With nothing kept the secure bits are locked, so that no
/// later exec gives anything back. As an ordinary user it only checks and clears.
std::expected<void, SandboxError> drop_privileges(const std::optional<UserIds>& run_as,
                                                  CapabilitySet kept);

/// The union of this thread's effective, permitted and inheritable sets.
std::expected<CapabilitySet, SandboxError> current_capabilities();

}  // namespace peregrine::sys
