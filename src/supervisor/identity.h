#pragma once
// Identity: from root to the user that the configuration names.

#include <expected>
#include <string>

#include "config/error.h"
#include "config/settings.h"

namespace peregrine::supervisor {

/// Root becomes server.user, without any capability; nothing happens when another starts the
/// program or no user is named. Call before any thread starts.
std::expected<void, config::ConfigError> leave_root(const config::Settings& settings,
                                                    const std::string& config_path);

}  // namespace peregrine::supervisor
