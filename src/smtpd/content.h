#pragma once
// A message as core takes it: read once, here, into a summary and the words that SEARCH looks for.

#include "api/delivery.pb.h"
#include "model/summary.h"
#include "sys/fd.h"

namespace peregrine::smtpd {

struct PackedContent {
  api::Content content;
  sys::Fd memory_file;  ///< holds the four parts when they are too large for the call
};

/// Contents up to here travel in the call itself.
inline constexpr std::size_t k_max_inline_content = kib(256);

/// Takes `raw` over. `summary` is read_message() of it.
sys::SysResult<PackedContent> pack_content(Bytes raw, const MessageSummary& summary);

}  // namespace peregrine::smtpd
