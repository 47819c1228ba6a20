#pragma once
// Lease loops: as many as there may be connections, each waiting in core for something to do and
// then doing it.

#include "courier/courier.h"

namespace peregrine::courier {

/// Starts them in the worker's gate; they end with the process.
void start_leases(Courier& courier, std::uint32_t count);

}  // namespace peregrine::courier
