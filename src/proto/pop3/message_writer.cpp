#include "proto/pop3/message_writer.h"

#include <algorithm>

#include "proto/pop3/response.h"

namespace peregrine::pop3 {
namespace {

/// The place of the next `c`, remembered until it is passed: each byte is searched once.
class NextPlace {
 public:
  NextPlace(BytesView bytes, char c) : bytes_(bytes), c_(c), place_(find(0)) {}

  std::size_t from(std::size_t position) {
    if (place_ < position) place_ = find(position);
    return place_;
  }

 private:
  [[nodiscard]] std::size_t find(std::size_t position) const {
    return std::min(bytes_.find(c_, position), bytes_.size());
  }

  BytesView bytes_;
  char c_;
  std::size_t place_;
};

}  // namespace

void MessageWriter::feed(BytesView chunk, Bytes& out) {
  NextPlace cr(chunk, '\r');
  NextPlace lf(chunk, '\n');
  std::size_t position = 0;
  while (position < chunk.size() && !done_) {
    if (after_cr_) {
      after_cr_ = false;
      if (chunk[position] == '\n') ++position;
      end_line(out);
      continue;
    }
    std::size_t end = std::min(cr.from(position), lf.from(position));
    put(chunk.substr(position, end - position), out);
    if (end == chunk.size()) return;
    position = end + 1;
    after_cr_ = chunk[end] == '\r';
    if (!after_cr_) end_line(out);
  }
}

void MessageWriter::put(BytesView content, Bytes& out) {
  if (content.empty()) return;
  // RFC 1939 section 3: a line that begins with the termination octet gets another in front.
  if (at_line_start_ && content.front() == '.') out += '.';
  at_line_start_ = false;
  std::size_t start = out.size();
  out += content;
  if (content.contains('\0')) {
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), '\0', '?');
  }
}

void MessageWriter::end_line(Bytes& out) {
  out += "\r\n";
  bool was_empty = at_line_start_;
  at_line_start_ = true;
  if (!in_header_) {
    if (body_lines_ && --*body_lines_ == 0) done_ = true;
  } else if (was_empty) {
    in_header_ = false;
    done_ = body_lines_ == 0U;
  }
}

void MessageWriter::finish(Bytes& out) {
  if (after_cr_ || !at_line_start_) out += "\r\n";
  after_cr_ = false;
  at_line_start_ = true;
  done_ = true;
  append_end(out);
}

}  // namespace peregrine::pop3
