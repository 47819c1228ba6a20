#include "imapd/message_lines.h"

#include <utility>

namespace peregrine::imapd {

bool LineEnds::feed(BytesView piece, Bytes& out) {
  constexpr BytesView k_special("\r\n\0", 3);
  while (!piece.empty()) {
    if (std::exchange(after_cr_, false)) {
      out += "\r\n";
      if (piece.front() == '\n') {
        piece.remove_prefix(1);
        continue;
      }
    }
    std::size_t plain = piece.find_first_of(k_special);
    out += piece.substr(0, plain);
    if (plain == BytesView::npos) return true;
    char c = piece[plain];
    piece.remove_prefix(plain + 1);
    if (c == '\0') return false;
    if (c == '\r') after_cr_ = true;
    if (c == '\n') out += "\r\n";
  }
  return true;
}

void LineEnds::finish(Bytes& out) {
  if (std::exchange(after_cr_, false)) out += "\r\n";
}

}  // namespace peregrine::imapd
