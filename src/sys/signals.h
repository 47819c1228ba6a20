#pragma once
// Signals as readable events: no handler of ours ever runs (V04), and this is the only file that
// touches a signal's disposition. Call these before any thread starts and before the seal.

#include <initializer_list>
#include <optional>
#include <sys/types.h>

#include "sys/fd.h"

namespace peregrine::sys {

struct SignalEvent {
  int number;
  pid_t sender;
};

/// Blocks these signals and returns a non-blocking descriptor that becomes readable when one is
/// pending, such as create_signal_fd({SIGTERM, SIGINT, SIGHUP, SIGCHLD}).
SysResult<Fd> create_signal_fd(std::initializer_list<int> signals);

/// The next pending signal, or nothing.
std::optional<SignalEvent> read_signal(const Fd& signal_fd);

/// Writing to a closed socket is an error, and a file at its size limit is one too: neither
/// kills the process.
void ignore_broken_pipes();

/// Every signal at its default and unblocked, as a new program expects it. Async-signal-safe.
void restore_default_signals();

}  // namespace peregrine::sys
