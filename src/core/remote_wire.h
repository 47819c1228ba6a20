#pragma once
// Results of TLS as they travel and as they are kept.

#include <optional>

#include "api/queue.pb.h"
#include "remote/results.h"

namespace peregrine::core {

/// Nothing when a field is out of its bounds.
std::optional<remote::Counted> counted_of(const api::TlsResult& result, std::uint32_t day);
api::TlsResultInfo info_of(const remote::Counted& result);

}  // namespace peregrine::core
