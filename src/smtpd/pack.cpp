#include "smtpd/pack.h"

#include "mime/search_text.h"

namespace peregrine::smtpd {

sys::SysResult<role::PackedContent> pack_message(Bytes message, const MessageSummary& summary) {
  mime::SearchText words = mime::search_text(message, summary);
  return role::pack_content({.summary = encode_summary(summary),
                             .search_headers = std::move(words.headers),
                             .search_body = std::move(words.body),
                             .raw = std::move(message)});
}

}  // namespace peregrine::smtpd
