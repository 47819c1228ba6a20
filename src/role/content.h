#pragma once
// A message as a worker gives it to core: its summary, the words that SEARCH looks for, and itself.
// core/content.h takes it apart again.

#include "api/delivery.pb.h"
#include "base/bytes.h"
#include "sys/fd.h"

namespace peregrine::role {

/// The four parts of api::Content, in the order of their lengths.
struct ContentParts {
  Bytes summary;  ///< encode_summary()
  Bytes search_headers;
  Bytes search_body;
  Bytes raw;
};

struct PackedContent {
  api::Content content;
  sys::Fd memory_file;  ///< holds the parts when they are too large for the call
};

/// Contents up to here travel in the call itself.
inline constexpr std::size_t k_max_inline_content = kib(256);

sys::SysResult<PackedContent> pack_content(ContentParts parts);

}  // namespace peregrine::role
