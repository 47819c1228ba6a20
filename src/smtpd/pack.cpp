#include "smtpd/pack.h"

#include "mime/search_text.h"
#include "smtpd/trace.h"

namespace peregrine::smtpd {

sys::SysResult<role::PackedContent> pack_message(Bytes message, const MessageSummary& summary) {
  mime::SearchText words = mime::search_text(message, summary);
  std::size_t stays_here = return_path_size(message);
  auto packed = role::pack_content({.summary = encode_summary(summary),
                                    .search_headers = std::move(words.headers),
                                    .search_body = std::move(words.body),
                                    .raw = std::move(message)});
  if (packed) packed->content.set_return_path_size(stays_here);
  return packed;
}

}  // namespace peregrine::smtpd
