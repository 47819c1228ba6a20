#pragma once
// From a configuration file to Settings. A file is refused as a whole with the first error found:
// nothing of it is used, and a running server keeps what it has.

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "config/error.h"
#include "config/settings.h"

namespace peregrine::config {

/// A configuration file is at most this long.
inline constexpr std::size_t k_max_file = kib(256);

/// `filename` is for the error's text.
std::expected<Settings, ConfigError> parse_text(std::string_view text, std::string_view filename);

/// Reads and parses the file at `path`.
std::expected<Settings, ConfigError> load_file(const std::string& path);

/// Whether the files that `settings` names are there and fit for use: certificates and keys can be
/// read, a key is not open to everyone, the data directory is a directory. Blocks on the disk.
std::optional<ConfigError> check_files(const Settings& settings, std::string_view filename);

}  // namespace peregrine::config
