#include "role/content.h"

#include <array>

#include "base/result.h"
#include "sys/memfd.h"

namespace peregrine::role {

sys::SysResult<PackedContent> pack_content(ContentParts parts) {
  PackedContent packed;
  const std::array<BytesView, 4> pieces = {parts.summary, parts.search_headers, parts.search_body,
                                           parts.raw};
  std::size_t total = 0;
  for (BytesView piece : pieces) total += piece.size();
  if (total <= k_max_inline_content) {
    packed.content.set_summary(std::move(parts.summary));
    packed.content.set_search_headers(std::move(parts.search_headers));
    packed.content.set_search_body(std::move(parts.search_body));
    packed.content.set_raw(std::move(parts.raw));
    return packed;
  }
  for (BytesView piece : pieces) packed.content.add_lengths(piece.size());
  TRY(packed.memory_file, sys::create_sealed_memfd(pieces));
  return packed;
}

}  // namespace peregrine::role
