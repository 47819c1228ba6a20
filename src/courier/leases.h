#pragma once
// Lease loops: as many as there may be connections, each waiting in core for something to do and
// then doing it.

#include "courier/courier.h"

namespace peregrine::courier {

/// When the process is to end within `grace`: what jobs still have near its end goes back to the
/// queue, so that it need not rest until the lease is over.
void give_back_leases(Courier& courier, std::chrono::milliseconds grace);

/// Starts them in the worker's gate; they end with the process.
void start_leases(Courier& courier, std::uint32_t count);

}  // namespace peregrine::courier
