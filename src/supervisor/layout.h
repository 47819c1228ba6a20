#pragma once
// Layout: which processes a configuration makes, in which order they start, and which two of them
// are ever connected. The matrix in link_kind() is what keeps a protocol's process from another's.

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "config/settings.h"
#include "model/service.h"
#include "sys/fd.h"

namespace peregrine::supervisor {

struct Slot {
  Role role = Role::core;
  std::uint32_t index = 0;
  auto operator<=>(const Slot&) const = default;
};

/// All processes, in the order of start. A role whose services have no listener has none. `cores`
/// is what "auto" stands for.
std::vector<Slot> plan_processes(const config::Settings& settings, std::uint32_t cores);

/// Processes of a stage start when all of the stage before are ready: core, workers, fronts.
unsigned stage_of(Role role);
inline constexpr unsigned k_stages = 3;

/// The kind of socket between processes of these roles; nothing when they never talk.
std::optional<sys::SocketKind> link_kind(Role one, Role other);

}  // namespace peregrine::supervisor
