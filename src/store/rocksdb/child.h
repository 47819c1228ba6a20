#pragma once
// For the tests of this folder: a task in a process of its own. A plain fork would not do, since
// RocksDB's background threads do not come along; the program is executed again.

#include <functional>
#include <string>
#include <sys/types.h>

namespace peregrine::store {

/// Its return value is the child's exit code.
using ChildTask = std::function<int(const std::string& argument)>;

/// Registers a task when the program starts.
struct ChildTaskEntry {
  ChildTaskEntry(const char* name, ChildTask task);
};

pid_t start_child(const std::string& task, const std::string& argument);
/// The exit code, or 128 and the signal.
int wait_for_child(pid_t child);

}  // namespace peregrine::store
