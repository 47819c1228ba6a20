#pragma once
// The data directory before the engine opens it: it exists, it is ours alone, and nobody has
// planted anything in it (V11).

#include <expected>
#include <string>

#include "store/store.h"
#include "sys/fd.h"

namespace peregrine::store {

/// Makes the directory (mode 0700) when it is absent, locks it against other processes, and checks
/// it and its entries. The lock lasts as long as the descriptor.
std::expected<sys::Fd, OpenError> lock_directory(const std::string& path);

}  // namespace peregrine::store
