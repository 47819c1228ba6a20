#pragma once
// Reads TOML into RawValues; the only user of the TOML library. Input is bounded in size, in the
// length of a line and in nesting, so that neither parsing nor freeing can exhaust the stack.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "config/value.h"

namespace peregrine::config {

struct TomlError {
  std::uint32_t line = 0;
  std::string what;
};

/// The file's root table.
std::expected<RawValue, TomlError> read_toml(std::string_view text);

}  // namespace peregrine::config
