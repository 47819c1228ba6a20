#include "proto/smtp/data_writer.h"

#include <algorithm>

namespace peregrine::smtp {

bool DataWriter::feed(BytesView chunk, Bytes& out) {
  constexpr BytesView k_special("\r\n\0", 3);
  while (!chunk.empty() && !broken_) {
    // RFC 5321 section 4.5.2: a line that begins with a dot gets one more.
    if (at_line_start_ && chunk.front() == '.') out += '.';
    if (after_cr_ != (chunk.front() == '\n') || chunk.front() == '\0') {
      broken_ = true;
      break;
    }
    std::size_t size = 1;
    if (chunk.front() != '\r' && chunk.front() != '\n') {
      size = std::min(chunk.find_first_of(k_special), chunk.size());
    }
    at_line_start_ = chunk.front() == '\n';
    after_cr_ = chunk.front() == '\r';
    out += chunk.substr(0, size);
    chunk.remove_prefix(size);
  }
  return !broken_;
}

bool DataWriter::finish(Bytes& out) {
  if (broken_ || after_cr_) return false;
  out += at_line_start_ ? ".\r\n" : "\r\n.\r\n";
  return true;
}

}  // namespace peregrine::smtp
