#include "proto/smtp/chunk_reader.h"

#include <algorithm>
#include <utility>

namespace peregrine::smtp {

DataFaults ChunkReader::faults() const {
  return {.bare_control = bare_control_,
          .too_big = size_ > limits_.data.max_size,
          .long_line = long_line_};
}

void ChunkReader::feed(BytesView in, Bytes& out) {
  if (in.empty()) return;
  if (!is_past_header_) {
    BytesView lines = in.substr(0, look_at_lines(in));
    bare_control_ = bare_control_ || lines.contains('\0');
  }
  keep(in, out);
}

/// Walks from line to line; returns how much of `in` has lines, which is all of it unless the
/// header of a binary message ends in it.
std::size_t ChunkReader::look_at_lines(BytesView in) {
  std::size_t at = 0;
  while (at < in.size()) {
    // A CR that ended the piece before has its LF here, or is bare.
    if (ends_in_cr_ && in[at] != '\n') bare_control_ = true;
    BytesView rest = in.substr(at);
    std::size_t lf = rest.find('\n');
    bool ends_here = lf != BytesView::npos;
    BytesView line = ends_here ? rest.substr(0, lf) : rest;
    bool has_cr = line.empty() ? ends_in_cr_ : line.ends_with('\r');
    // Every CR but the last octet of a line is bare.
    std::size_t cr = line.find('\r');
    if (cr != BytesView::npos && cr + 1 < line.size()) bare_control_ = true;
    if (!ends_here) {
      line_size_ += line.size();
      long_line_ = long_line_ || line_size_ > limits_.data.max_line;
      ends_in_cr_ = has_cr;
      ends_in_line_ = false;
      return in.size();
    }
    if (!has_cr) bare_control_ = true;
    at += lf + 1;
    std::uint64_t length = line_size_ + lf + 1;
    long_line_ = long_line_ || length > limits_.data.max_line;
    line_size_ = 0;
    ends_in_cr_ = false;
    ends_in_line_ = true;
    if (limits_.is_binary && length <= 2) {
      is_past_header_ = true;
      return at;
    }
  }
  return in.size();
}

void ChunkReader::finish(Bytes& out) {
  if (std::exchange(is_finished_, true) || is_past_header_) return;
  if (ends_in_cr_) bare_control_ = true;
  // A message that DATA could carry ends with a line's end, and one that is relayed will have it.
  if (!ends_in_line_ && !limits_.is_binary) keep("\r\n", out);
}

void ChunkReader::keep(BytesView in, Bytes& out) {
  if (size_ < limits_.data.max_size) {
    std::uint64_t room = limits_.data.max_size - size_;
    out.append(in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, in.size()))));
  }
  size_ += in.size();
}

}  // namespace peregrine::smtp
