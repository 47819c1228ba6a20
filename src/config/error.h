#pragma once
// ConfigError: why a configuration was refused. It goes to the operator who wrote the file, never
// to a peer.

#include <cstdint>
#include <string>

namespace peregrine::config {

enum class ConfigProblem : std::uint8_t {
  unreadable,  ///< the file cannot be opened or is too large
  syntax,      ///< not TOML; a key given twice is found here
  unknown_key,
  wrong_type,
  out_of_range,
  bad_value,     ///< right type, wrong content
  missing,       ///< an option without which the server cannot run
  duplicate,     ///< the same thing listed twice
  missing_file,  ///< a file that the configuration names is absent or unfit
};

struct ConfigError {
  ConfigProblem problem = ConfigProblem::syntax;
  std::string file;
  std::uint32_t line = 0;  ///< 0: not tied to a line
  std::string key;         ///< such as "limits.message_size"; may be empty
  std::string what;        ///< what is wrong
  std::string remedy;      ///< what would be right

  /// One line: "file:12: limits.message_size: what; remedy". Control bytes are escaped.
  [[nodiscard]] std::string to_string() const;
};

}  // namespace peregrine::config
