#pragma once
// For tests and fuzzing: what MessageWriter sends, as plainly as it can be said.

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace peregrine::pop3 {

inline Bytes reference_write(BytesView message, std::optional<std::uint32_t> body_lines) {
  std::vector<Bytes> lines;
  bool open = false;  // the last line has no end yet
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (!open) lines.emplace_back();
    bool crlf = message.substr(i, 2) == "\r\n";
    open = !crlf && message[i] != '\r' && message[i] != '\n';
    if (open) lines.back() += message[i] == '\0' ? '?' : message[i];
    if (crlf) ++i;
  }
  Bytes out;
  bool in_body = false;
  for (const Bytes& line : lines) {
    if (in_body && body_lines && (*body_lines)-- == 0) break;
    out += (line.starts_with('.') ? "." : "") + line + "\r\n";
    in_body = in_body || line.empty();
  }
  return out + ".\r\n";
}

}  // namespace peregrine::pop3
