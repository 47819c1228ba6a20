#pragma once
// What libunbound is told before its first question. Internal to this module.

#include <expected>
#include <string>

#include "config/settings.h"

struct ub_ctx;

namespace peregrine::resolver {

/// Sets bounds, forwarders and trust anchors; the error names what was refused.
std::expected<void, std::string> configure(ub_ctx* context, const config::DnsSettings& settings);

}  // namespace peregrine::resolver
