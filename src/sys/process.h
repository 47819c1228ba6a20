#pragma once
// Children: this program executed again with a role's arguments, a written list of descriptors and
// nothing else. The only exec of the whole program stands in process.cpp (V06). For the
// single-threaded supervisor; a child is killed by the kernel when its parent ends.

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "sys/fd.h"

namespace peregrine::sys {

struct InheritedFd {
  int parent_number;
  int child_number;  ///< 3 or more; each at most once
};

struct SpawnRequest {
  std::vector<std::string> arguments;  ///< argv, the name first
  std::vector<InheritedFd> descriptors;
  /// When set, the child's standard error; otherwise the parent's is inherited.
  std::optional<int> standard_error;
};

struct Child {
  pid_t pid = 0;
  Fd pidfd;  ///< readable when the child has ended
};

/// Executes /proc/self/exe. Standard input is /dev/null, standard output is standard error; the
/// environment holds LANG, LC_ALL and TZ alone. Returns after the exec has succeeded or failed.
SysResult<Child> spawn_self(const SpawnRequest& request);

/// Signals the child by its pidfd: a reused process number is never hit.
SysResult<void> send_signal(const Child& child, int signal);

struct ChildExit {
  pid_t pid;
  int code;    ///< the exit code, when `signal` is 0
  int signal;  ///< what killed it; SIGSYS is a sandbox violation
};

/// Reaps one ended child, or nothing when none has ended.
std::optional<ChildExit> reap_child();

/// Waits for this child.
SysResult<ChildExit> wait_child(const Child& child);

}  // namespace peregrine::sys
