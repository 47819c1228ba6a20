#include "base/line_framer.h"

#include <algorithm>
#include <utility>

namespace peregrine {
namespace {

// What an idle connection keeps.
constexpr std::size_t k_idle_capacity = 1024;

}  // namespace

void LineFramer::feed(BytesView bytes) {
  if (failure_ != LineEvent::need_more) return;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    scan_ -= begin_;
    begin_ = 0;
  }
  line_at_ = line_size_ = 0;
  buffer_.append(bytes);
}

LineEvent LineFramer::next() {
  if (failure_ != LineEvent::need_more) return failure_;
  line_at_ = line_size_ = 0;
  while (scan_ < buffer_.size()) {
    char c = buffer_[scan_];
    // RFC 5321 section 2.3.8: a line ends with CRLF, and CR and LF stand nowhere else.
    if (after_cr_ && c != '\n') return fail(LineEvent::bare_cr);
    if (!after_cr_ && c == '\n') return fail(LineEvent::bare_lf);
    if (c == '\0') return fail(LineEvent::nul);
    if (seen_ >= limits_.max_line && !swallowing_) {
      swallowing_ = true;
      return LineEvent::too_long;
    }
    if (seen_ >= limits_.max_overlong) return fail(LineEvent::endless);
    ++scan_;
    ++seen_;
    after_cr_ = c == '\r';
    if (c != '\n') continue;

    bool whole = !std::exchange(swallowing_, false);
    if (whole) {
      line_at_ = begin_;
      line_size_ = scan_ - begin_ - 2;
    }
    begin_ = scan_;
    seen_ = 0;
    after_cr_ = false;
    if (whole) return LineEvent::line;
  }
  if (swallowing_) begin_ = scan_;
  if (!has_buffered()) {
    begin_ = scan_ = 0;
    if (buffer_.capacity() > k_idle_capacity) buffer_ = Bytes();
    buffer_.clear();
  }
  return LineEvent::need_more;
}

void LineFramer::consume(std::size_t n) {
  begin_ += std::min(n, buffer_.size() - begin_);
  scan_ = begin_;
  seen_ = 0;
  after_cr_ = swallowing_ = false;
  line_at_ = line_size_ = 0;
}

LineEvent LineFramer::fail(LineEvent event) {
  failure_ = event;
  buffer_ = Bytes();
  begin_ = scan_ = line_at_ = line_size_ = 0;
  return event;
}

}  // namespace peregrine
