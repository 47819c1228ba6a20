#pragma once
// For tests and fuzzing: the rules of ChunkReader as plainly as they can be said, on a whole input.

#include "base/bytes.h"

namespace peregrine::smtp {

/// Whether what is held to lines has a CR or LF outside CRLF, or a NUL.
inline bool reference_has_bare_control(BytesView message, bool is_binary) {
  for (std::size_t at = 0; at < message.size();) {
    std::size_t crlf = message.find("\r\n", at);
    BytesView line = message.substr(at, crlf == BytesView::npos ? BytesView::npos : crlf - at);
    if (line.find_first_of(BytesView("\r\n\0", 3)) != BytesView::npos) return true;
    if (crlf == BytesView::npos || (is_binary && line.empty())) return false;
    at = crlf + 2;
  }
  return false;
}

inline Bytes reference_message(BytesView message, bool is_binary) {
  bool is_whole = is_binary || message.empty() || message.ends_with("\r\n");
  return Bytes(message) + (is_whole ? "" : "\r\n");
}

}  // namespace peregrine::smtp
