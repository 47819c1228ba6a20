#pragma once
// Status: what the server is doing, as JSON and for the eye.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "supervisor/inputs.h"
#include "supervisor/layout.h"

namespace peregrine::supervisor {

struct ChildReport {
  Slot slot;
  pid_t pid = 0;  ///< 0: not running
  std::uint32_t restarts = 0;
  std::uint64_t connections = 0;
  std::uint64_t served = 0;
  std::uint64_t offences = 0;
  std::uint64_t banned = 0;
  std::uint64_t typists = 0;
  bool is_ready = false;  ///< it has begun to serve
  /// Since when it has not answered the supervisor, once that is longer than it may be.
  std::optional<std::chrono::milliseconds> silent_for;
};

/// Client connections are counted once, at the fronts.
std::string status_json(const std::vector<ChildReport>& children,
                        const std::vector<BoundListener>& listeners);
std::string status_text(const std::vector<ChildReport>& children,
                        const std::vector<BoundListener>& listeners);

/// A JSON string with its quotes. `text` is UTF-8.
std::string json_quoted(std::string_view text);

}  // namespace peregrine::supervisor
