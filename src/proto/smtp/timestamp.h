#pragma once
// Dates as RFC 3339 writes them, for FUTURERELEASE.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace peregrine::smtp {

/// "2026-11-24T13:54:41Z"; any offset, fractions of a second are dropped. Unix seconds of the years
/// 1970 to 9999, or nothing.
std::optional<std::int64_t> parse_rfc3339(BytesView text);
/// In UTC. `time` is of those years.
std::string format_rfc3339(std::int64_t time);

}  // namespace peregrine::smtp
