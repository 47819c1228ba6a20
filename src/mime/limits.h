#pragma once
// Limits of one message, the same on every way in (V19, V20). Past a limit nothing fails: what lies
// beyond is not interpreted, and Defect::over_limit is set. Offsets and sizes stay true.

#include <cstddef>

#include "base/bytes.h"

namespace peregrine::mime {

struct Limits {
  std::size_t header_fields = 1000;      ///< of one header
  std::size_t header_bytes = mib(1);     ///< of one header
  std::size_t field_bytes = kib(64);     ///< of one field, folded
  std::size_t addresses = 2000;          ///< of one field, markers of groups included
  std::size_t parameters = 128;          ///< of one field
  std::size_t parameter_bytes = mib(1);  ///< of all fields with parameters of one message
  std::size_t depth = 100;               ///< of nested parts
  std::size_t parts = 10000;
  /// Memory that the strings and lists of one summary may take, beyond one byte for each byte of
  /// the message; together with `parts` it keeps the encoded summary under SummaryLimits.
  std::size_t summary_base_bytes = kib(512);
  std::size_t summary_max_bytes = mib(3);
};

}  // namespace peregrine::mime
