#include "proto/smtp/data_refusal.h"

#include "proto/smtp/replies.h"

namespace peregrine::smtp {

std::optional<FixedReply> refusal(const DataFaults& faults) {
  if (faults.bare_control) return k_reply_bare_control;
  if (faults.too_big) return k_reply_too_big;
  if (faults.long_line) return k_reply_long_text_line;
  return std::nullopt;
}

}  // namespace peregrine::smtp
