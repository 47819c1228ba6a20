#pragma once
// Reload: from the file, read again, to what a running server may put into effect.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/error.h"
#include "config/settings.h"
#include "role/control.h"

namespace peregrine::supervisor {

/// `loaded`, with the running value of every option that does not reload: a process that is
/// restarted later must not be the only one with a new data directory.
config::Settings reloadable(const config::Settings& running, config::Settings loaded);

struct Reloaded {
  config::Settings settings;
  std::vector<role::TlsIdentity> identities;
};

/// Reads file and certificates. Options that need a restart are logged by name.
std::expected<Reloaded, config::ConfigError> load_again(const std::string& config_path,
                                                        const config::Settings& running);

}  // namespace peregrine::supervisor
