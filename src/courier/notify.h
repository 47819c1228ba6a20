#pragma once
// A lease of notices: each message's notification is made here, where remote text may be read, and
// given to core, which delivers it like any message.

#include "api/client.h"
#include "courier/courier.h"

namespace peregrine::courier {

net::Task<void> run_notices(Courier& courier, api::LeaseResponse lease);

}  // namespace peregrine::courier
