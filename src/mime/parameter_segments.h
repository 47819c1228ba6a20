#pragma once
// The two steps behind parameters.h: reading `; name=value` pairs, and putting RFC 2231's segments
// together.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "mime/defect.h"
#include "mime/limits.h"
#include "model/summary.h"

namespace peregrine::mime {

/// One written parameter. `title*1*` has base "title", section 1 and is extended.
struct ParameterSegment {
  static constexpr int k_whole = -1;
  std::string base;  ///< lower case
  int section = k_whole;
  bool extended = false;
  std::string value;  ///< unquoted, not yet percent-decoded
};

/// Reads the parameters from the cursor to its end, unfolded text, at most limits.parameters of
/// them. With `only`, segments with another base are counted and dropped.
std::vector<ParameterSegment> read_segments(Cursor& in, const Limits& limits, Defects& defects,
                                            std::string_view only = {});

/// Joins and decodes. Of several with one name the first counts.
std::vector<Parameter> join_segments(std::vector<ParameterSegment> segments, Defects& defects);

}  // namespace peregrine::mime
