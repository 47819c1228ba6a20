#pragma once
// The texts that come from the option table: the manual's reference and the commented file that
// `peregrine init` writes.

#include <string>

#include "config/settings.h"

namespace peregrine::config {

/// docs/configuration.md, whole.
std::string reference_markdown();

/// A commented configuration file. What differs from the default stands as a setting, all else as
/// a comment that shows the default; parse_text() of it gives `settings` back.
std::string sample_toml(const Settings& settings);

}  // namespace peregrine::config
