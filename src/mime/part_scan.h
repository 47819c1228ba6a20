#pragma once
// scan_parts: where the parts of a message lie. The first of the two steps of read_message(): it
// reads of each header only what decides about nesting, and works without recursion on a stack of
// at most Limits::depth.

#include <cstdint>
#include <string_view>
#include <vector>

#include "mime/defect.h"
#include "mime/limits.h"
#include "model/summary.h"

namespace peregrine::mime {

/// Why a part that calls itself a multipart or a message is kept as a leaf.
enum class Demoted : std::uint8_t {
  no,
  unreadable,  ///< a multipart in which no part can be found
  over_limit,  ///< too deep, or too many parts
};

/// The extent of one part, in bytes of the message.
struct PartExtent {
  PartKind kind = PartKind::leaf;
  Demoted demoted = Demoted::no;
  bool default_is_message = false;  ///< in a multipart/digest
  std::uint32_t parent = 0;
  std::size_t header_offset = 0, body_offset = 0, body_size = 0;
  std::size_t lines = 0;  ///< line ends in the body
};

struct PartScan {
  std::vector<PartExtent> parts;  ///< in the order of the message; never empty
  Defects defects;
};

PartScan scan_parts(std::string_view raw, const Limits& limits = {});

}  // namespace peregrine::mime
