#pragma once
// What a message that was read to its end is refused with.

#include <optional>

#include "proto/smtp/data_reader.h"
#include "proto/smtp/reply.h"

namespace peregrine::smtp {

/// The reply for the gravest fault, or nothing for a message without one. After a bare control the
/// connection is closed too: who forged the end of one message may have forged the next (V12).
std::optional<FixedReply> refusal(const DataFaults& faults);

}  // namespace peregrine::smtp
