#include "smtpd/content.h"

#include <array>

#include "base/result.h"
#include "mime/search_text.h"
#include "sys/memfd.h"

namespace peregrine::smtpd {

sys::SysResult<PackedContent> pack_content(Bytes raw, const MessageSummary& summary) {
  Bytes record = encode_summary(summary);
  mime::SearchText words = mime::search_text(raw, summary);
  PackedContent packed;
  std::size_t total = record.size() + words.headers.size() + words.body.size() + raw.size();
  if (total <= k_max_inline_content) {
    packed.content.set_summary(std::move(record));
    packed.content.set_search_headers(std::move(words.headers));
    packed.content.set_search_body(std::move(words.body));
    packed.content.set_raw(std::move(raw));
    return packed;
  }
  std::array<BytesView, 4> parts = {record, words.headers, words.body, raw};
  for (BytesView part : parts) packed.content.add_lengths(part.size());
  TRY(packed.memory_file, sys::create_sealed_memfd(parts));
  return packed;
}

}  // namespace peregrine::smtpd
