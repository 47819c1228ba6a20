#pragma once
// The data directory before the engine opens it: it exists, it is ours alone, and nobody has
// planted anything in it (V11).

#include <expected>
#include <string>

#include "store/store.h"
#include "sys/fd.h"

namespace peregrine::store {

/// Locks the directory against other processes and checks it and its entries. With Create::yes it
/// is made (mode 0700) when it is absent; otherwise a store must be in it, since an engine that
/// makes what it misses would take a disk that is not mounted, or a store that has lost its first
/// file, for a new one. The lock lasts as long as the descriptor.
std::expected<sys::Fd, OpenError> lock_directory(const std::string& path, Create create);

}  // namespace peregrine::store
