#pragma once
// The acts that sandbox_check tries. Internal to this module.

#include <span>
#include <string_view>

#include "sys/fd.h"
#include "sys/sandbox.h"

namespace peregrine::sys {

/// What acts work with; all of it opened before the sandbox is entered.
struct ProbeStage {
  SandboxPolicy policy;
  pid_t parent = 0;
  Fd parent_pidfd;
  Fd tcp;  ///< unconnected, unbound
  Fd udp;
  Fd unix_socket;  ///< unconnected
  Fd listener;     ///< TCP on the loopback, with one connection waiting
  Fd client;       ///< that connection's other end
  FdPair pair;     ///< connected Unix stream sockets
  Fd memory_file;
  Fd root;  ///< O_PATH of "/"
  Fd epoll;
  Fd timer;
};

/// Opens the stage; false when the machine does not even offer a loopback.
bool prepare_stage(const SandboxPolicy& policy, ProbeStage& stage);

struct ProbeAct {
  std::string_view name;
  /// Whether this policy allows the act.
  bool (*is_allowed)(const SandboxPolicy& policy);
  /// Tries it: 0 on success, else errno. Runs in the sandbox and uses no allocation of note.
  int (*attempt)(const ProbeStage& stage);
};

std::span<const ProbeAct> forbidden_acts();
std::span<const ProbeAct> working_acts();

/// errno when `result` is negative, else 0.
int error_of(long result);

}  // namespace peregrine::sys
