#pragma once
// For tests and fuzzing: the rules of DataReader as plainly as they can be said, on a whole input.

#include <optional>

#include "base/bytes.h"

namespace peregrine::smtp {

struct ReferenceMessage {
  Bytes message;
  bool bare_control = false;
  std::size_t consumed = 0;
};

/// The message at the start of `input`, or nothing when it does not end there.
inline std::optional<ReferenceMessage> reference_read(BytesView input) {
  Bytes framed = "\r\n" + Bytes(input);
  std::size_t end = framed.find("\r\n.\r\n");
  if (end == Bytes::npos) return std::nullopt;
  ReferenceMessage result{.consumed = end + 3};
  Bytes body = framed.substr(2, end);  // with the CRLF in front of the last period
  if (end == 0) body.clear();
  for (std::size_t at = 0; at < body.size();) {
    std::size_t crlf = body.find("\r\n", at);
    Bytes line = body.substr(at, crlf - at);
    if (line.find_first_of(BytesView("\r\n\0", 3)) != Bytes::npos) result.bare_control = true;
    result.message += (line.starts_with('.') ? line.substr(1) : line) + "\r\n";
    at = crlf + 2;
  }
  return result;
}

}  // namespace peregrine::smtp
