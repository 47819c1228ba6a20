#include "proto/smtp/data_reader.h"

#include <algorithm>

namespace peregrine::smtp {

DataFaults DataReader::faults() const {
  // Every CR that has not become half of a CRLF is bare; the last byte may still become one.
  std::uint64_t undecided = ends_in_cr_ ? 1 : 0;
  return {.bare_control = nul_ || bare_lf_ || cr_count_ - undecided != crlf_count_,
          .too_big = size_ > limits_.max_size,
          .long_line = long_line_};
}

std::size_t DataReader::feed(BytesView in, Bytes& out) {
  std::size_t used = scan(in, out);
  BytesView taken = in.substr(0, used);
  if (!taken.empty()) {
    // Counted over the whole chunk at once: two sweeps in vector registers instead of a branch a
    // byte.
    cr_count_ += static_cast<std::uint64_t>(std::ranges::count(taken, '\r'));
    nul_ = nul_ || taken.contains('\0');
    ends_in_cr_ = taken.back() == '\r';
  }
  return used;
}

/// Walks from line to line. `run` is where the bytes begin that are to be kept and not yet are.
std::size_t DataReader::scan(BytesView in, Bytes& out) {
  std::size_t position = 0;
  std::size_t run = 0;
  while (position < in.size() && state_ != State::done) {
    char c = in[position];
    switch (state_) {
      case State::line_start:
        if (c == '.') {
          keep(in.substr(run, position - run), out);
          run = ++position;
          state_ = State::dot;
        } else {
          state_ = State::text;
        }
        break;
      case State::dot:
        // RFC 5321 section 4.5.2: the first period of a line that has more is dropped.
        state_ = State::text;
        if (c == '\r') {
          run = ++position;
          state_ = State::dot_cr;
        }
        break;
      case State::dot_cr:
        if (c == '\n') {
          run = ++position;
          ++crlf_count_;
          state_ = State::done;
        } else {
          keep("\r", out);
          line_size_ = 1;
          state_ = State::text;
        }
        break;
      case State::text:
        position = read_text(in, position);
        break;
      case State::done:
        break;
    }
  }
  keep(in.substr(run, position - run), out);
  return position;
}

/// Goes on to behind the line's CRLF, or to the end of the chunk.
std::size_t DataReader::read_text(BytesView in, std::size_t position) {
  std::size_t start = position;
  for (;;) {
    std::size_t lf = in.find('\n', position);
    if (lf == BytesView::npos) {
      line_size_ += in.size() - start;
      long_line_ = long_line_ || line_size_ > limits_.max_line;
      return in.size();
    }
    position = lf + 1;
    bool after_cr = lf == 0 ? ends_in_cr_ : in[lf - 1] == '\r';
    if (after_cr) {
      ++crlf_count_;
      end_line(position - start);
      return position;
    }
    bare_lf_ = true;
  }
}

void DataReader::end_line(std::size_t length) {
  long_line_ = long_line_ || line_size_ + length > limits_.max_line;
  line_size_ = 0;
  state_ = State::line_start;
}

void DataReader::keep(BytesView run, Bytes& out) {
  if (size_ < limits_.max_size) {
    std::uint64_t room = limits_.max_size - size_;
    out.append(run.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, run.size()))));
  }
  size_ += run.size();
}

}  // namespace peregrine::smtp
