#include "proto/imap/framer.h"

#include <algorithm>
#include <limits>
#include <string.h>
#include <utility>

#include "base/cursor.h"
#include "proto/imap/chars.h"

namespace peregrine::imap {

namespace {

constexpr std::size_t k_kept_capacity = 512;

// Overwrites all memory that `bytes` owns, what an earlier and longer content left in it too.
void wipe(Bytes& bytes) {
  bytes.resize(bytes.capacity());
  explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace

Framer::~Framer() {
  if (before_login()) wipe(in_);
}

void Framer::push(BytesView bytes) {
  if (state_ == State::dead) return;
  if (shown_ > 0) {
    in_.erase(0, shown_);
    start_ -= shown_;
    segment_ -= shown_;
    scan_ -= shown_;
    shown_ = 0;
  }
  if (before_login() && in_.size() + bytes.size() > in_.capacity()) {
    // A password may be among the bytes: no copy of them stays behind in freed memory.
    Bytes larger;
    larger.reserve(std::max(in_.size() + bytes.size(), 2 * in_.capacity()));
    larger = in_;
    wipe(in_);
    in_.swap(larger);
  }
  in_.append(bytes);
}

FrameView Framer::next() {
  return step(FrameKind::command);
}

FrameView Framer::next_line() {
  return step(FrameKind::line);
}

FrameView Framer::step(FrameKind wanted) {
  while (true) {
    switch (state_) {
      case State::dead:
        return FrameView{.kind = FrameKind::error, .error = fatal_};
      case State::line:
      case State::append_tail:
        if (auto view = read_line(wanted)) return *std::move(view);
        break;
      case State::literal:
        if (!collect_literal()) return need_more();
        break;
      case State::append_offered:
        return FrameView{.kind = FrameKind::append,
                         .text = BytesView(in_).substr(start_, scan_ - start_),
                         .literal_bytes = streamed_left_,
                         .sync = append_sync_};
      case State::streaming:
        if (streamed_left_ > 0) {
          if (start_ < in_.size()) return FrameView{.kind = FrameKind::append_data};
          return need_more();
        }
        state_ = State::append_tail;
        break;
      case State::skip_literal:
        if (!skip_literal()) return need_more();
        break;
      case State::skip_line:
        if (auto view = skip_line()) return *std::move(view);
        break;
    }
  }
}

std::optional<FrameView> Framer::read_line(FrameKind wanted) {
  switch (scan_line()) {
    case Scan::need_more:
      return need_more();
    case Scan::end:
      return end_of_line(wanted);
    case Scan::error:
      break;
  }
  if (scan_error_ != FrameErrorKind::line_too_long || limits_.skip_bytes == 0) {
    return fail(scan_error_, FrameReply::bye);
  }
  FrameView view = fail(scan_error_, FrameReply::bad);
  if (state_ != State::dead) begin_skip_line();
  return view;
}

Framer::Scan Framer::scan_line() {
  for (; scan_ < in_.size(); ++scan_) {
    char c = in_[scan_];
    if (c == '\r') {
      if (scan_ + 1 == in_.size()) return Scan::need_more;
      if (in_[scan_ + 1] == '\n') return Scan::end;
      scan_error_ = FrameErrorKind::bare_cr;
      return Scan::error;
    }
    // RFC 9051 section 9: NUL is not used anywhere but in OCTET, that is in literal8.
    if (c == '\0' || c == '\n') {
      scan_error_ = c == '\n' ? FrameErrorKind::bare_lf : FrameErrorKind::nul_byte;
      return Scan::error;
    }
    if (scan_ - start_ >= limits_.command_bytes) {
      scan_error_ = FrameErrorKind::line_too_long;
      return Scan::error;
    }
  }
  return Scan::need_more;
}

std::optional<FrameView> Framer::end_of_line(FrameKind wanted) {
  Header header;
  bool tail = state_ == State::append_tail;
  if ((tail || wanted == FrameKind::command) && find_header(header)) {
    if (!tail) return start_literal(header);
    auto reply = header.sync == Sync::yes ? FrameReply::bad : FrameReply::bye;
    return fail(FrameErrorKind::literal_after_append, reply, header.bytes);
  }
  FrameView view{.kind = tail ? FrameKind::append_end : wanted,
                 .text = BytesView(in_).substr(start_, scan_ - start_)};
  begin_command(scan_ + 2);
  return view;
}

// RFC 7888 section 3: the end of every received line is checked for a literal's announcement.
bool Framer::find_header(Header& header) const {
  auto line = BytesView(in_).substr(segment_, scan_ - segment_);
  if (!line.ends_with('}')) return false;
  line.remove_suffix(1);
  bool plus = line.ends_with('+');
  if (plus) line.remove_suffix(1);
  std::size_t digits = 0;
  while (digits < line.size() && is_ascii_digit(line[line.size() - 1 - digits])) ++digits;
  if (digits == 0 || digits == line.size()) return false;
  std::size_t open = line.size() - 1 - digits;
  if (line[open] != '{') return false;
  constexpr auto k_huge = std::numeric_limits<std::uint64_t>::max();
  header.bytes = parse_number(line.substr(open + 1), k_huge).value_or(k_huge);
  header.sync = plus ? Sync::no : Sync::yes;
  header.start = segment_ + open;
  return true;
}

bool Framer::may_send_unasked(const Header& header) const {
  if (header.sync == Sync::yes || limits_.non_sync == NonSync::literal_plus) return true;
  // RFC 7888 section 5: no larger than 4096 bytes under LITERAL-.
  return limits_.non_sync == NonSync::literal_minus && header.bytes <= k_literal_minus_bytes;
}

std::optional<FrameView> Framer::start_literal(const Header& header) {
  if (!may_send_unasked(header)) {
    return fail(FrameErrorKind::non_sync_refused, FrameReply::bye, header.bytes);
  }
  if (is_append_message(header)) return start_append(header);
  // The bytes of a refused non-synchronising literal are on their way already: only the end of
  // the connection gets rid of them cheaply (RFC 7888 section 4).
  auto reply = header.sync == Sync::yes ? FrameReply::bad : FrameReply::bye;
  if (literals_ >= limits_.literals) {
    return fail(FrameErrorKind::too_many_literals, reply, header.bytes);
  }
  std::size_t used = scan_ + 2 - start_;
  if (header.bytes > limits_.literal_bytes || used > limits_.command_bytes ||
      header.bytes > limits_.command_bytes - used) {
    return fail(FrameErrorKind::literal_too_large, reply, header.bytes);
  }
  ++literals_;
  scan_ += 2;
  literal_left_ = static_cast<std::size_t>(header.bytes);
  state_ = State::literal;
  if (header.sync == Sync::no) return std::nullopt;
  return FrameView{.kind = FrameKind::continuation, .literal_bytes = header.bytes};
}

// The literal of APPEND is its message unless it stands where the mailbox name does.
bool Framer::is_append_message(const Header& header) const {
  if (limits_.append_bytes == 0) return false;
  auto text = BytesView(in_).substr(start_, scan_ - start_);
  std::size_t space = text.find(' ');
  if (space == BytesView::npos || space > k_max_tag_bytes) return false;
  constexpr std::string_view k_append = "APPEND ";
  if (!istarts_with(text.substr(space + 1), k_append)) return false;
  return header.start > start_ + space + 1 + k_append.size();
}

std::optional<FrameView> Framer::start_append(const Header& header) {
  if (header.bytes > limits_.append_bytes) {
    // RFC 4469 section 4.2: TOOBIG tells that the message is larger than the server takes.
    auto reply = header.sync == Sync::yes ? FrameReply::no : FrameReply::bye;
    return fail(FrameErrorKind::literal_too_large, reply, header.bytes);
  }
  append_tag_ = read_tag();
  append_sync_ = header.sync;
  streamed_left_ = header.bytes;
  state_ = State::append_offered;
  return std::nullopt;
}

void Framer::accept_append() {
  if (state_ != State::append_offered) return;
  begin_command(scan_ + 2);
  state_ = State::streaming;
}

void Framer::refuse_append() {
  if (state_ == State::append_offered) {
    begin_command(scan_ + 2);
    if (append_sync_ == Sync::yes) {
      streamed_left_ = 0;
      return;
    }
  } else if (state_ != State::streaming) {
    return;
  }
  state_ = State::skip_literal;
}

BytesView Framer::take_literal(std::size_t max) {
  if (state_ != State::streaming) return {};
  auto count = std::min(max, in_.size() - start_);
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, streamed_left_));
  auto data = BytesView(in_).substr(start_, count);
  streamed_left_ -= count;
  begin_command(start_ + count);
  state_ = State::streaming;
  return data;
}

bool Framer::collect_literal() {
  auto count = std::min(literal_left_, in_.size() - scan_);
  scan_ += count;
  literal_left_ -= count;
  if (literal_left_ > 0) return false;
  segment_ = scan_;
  state_ = State::line;
  return true;
}

bool Framer::skip_literal() {
  auto count = std::min<std::uint64_t>(streamed_left_, in_.size() - start_);
  streamed_left_ -= count;
  begin_command(start_ + static_cast<std::size_t>(count));
  state_ = State::skip_literal;
  if (streamed_left_ > 0) return false;
  begin_skip_line();
  return true;
}

void Framer::begin_skip_line() {
  // The part of the line that was scanned already may hold the start of an announcement.
  suffix_ = Suffix::none;
  for (; segment_ < scan_; ++segment_) suffix_ = suffix_after(suffix_, in_[segment_]);
  begin_command(scan_);
  skipped_ = 0;
  state_ = State::skip_line;
}

Framer::Suffix Framer::suffix_after(Suffix suffix, char c) {
  if (c == '{') return Suffix::open;
  bool number = suffix == Suffix::digits;
  if (is_ascii_digit(c) && (number || suffix == Suffix::open)) return Suffix::digits;
  if (c == '+' && number) return Suffix::plus;
  if (c == '}' && suffix == Suffix::plus) return Suffix::non_sync;
  return Suffix::none;
}

std::optional<FrameView> Framer::skip_line() {
  std::size_t budget = std::max(limits_.skip_bytes, limits_.command_bytes);
  for (; scan_ < in_.size(); ++scan_) {
    char c = in_[scan_];
    if (c == '\r' && scan_ + 1 == in_.size()) break;
    if (c == '\r' && in_[scan_ + 1] == '\n') {
      if (suffix_ == Suffix::non_sync) {
        return fail(FrameErrorKind::non_sync_refused, FrameReply::bye);
      }
      begin_command(scan_ + 2);
      return std::nullopt;
    }
    if (c == '\r') return fail(FrameErrorKind::bare_cr, FrameReply::bye);
    if (c == '\n') return fail(FrameErrorKind::bare_lf, FrameReply::bye);
    if (c == '\0') return fail(FrameErrorKind::nul_byte, FrameReply::bye);
    if (++skipped_ > budget) return fail(FrameErrorKind::line_too_long, FrameReply::bye);
    suffix_ = suffix_after(suffix_, c);
  }
  begin_command(scan_);
  state_ = State::skip_line;
  return need_more();
}

void Framer::begin_command(std::size_t position) {
  shown_ = start_ = segment_ = scan_ = position;
  literals_ = 0;
  state_ = State::line;
}

FrameView Framer::need_more() {
  if (shown_ == in_.size() && shown_ > 0) {
    if (before_login()) wipe(in_);
    in_.clear();
    // An idle connection holds no large buffer.
    if (in_.capacity() > k_kept_capacity) Bytes().swap(in_);
    shown_ = start_ = segment_ = scan_ = 0;
  }
  return FrameView{};
}

FrameView Framer::fail(FrameErrorKind kind, FrameReply reply, std::uint64_t announced) {
  FrameView view{.kind = FrameKind::error};
  if (before_login()) reply = FrameReply::bye;
  view.error = FrameError{.kind = kind, .reply = reply, .tag = read_tag(), .announced = announced};
  if (reply == FrameReply::bye) {
    fatal_ = view.error;
    state_ = State::dead;
  } else if (kind != FrameErrorKind::line_too_long) {
    begin_command(scan_ + 2);
  }
  return view;
}

std::string Framer::read_tag() const {
  if (state_ == State::append_tail || state_ == State::skip_line) return append_tag_;
  // Only what was scanned: the answer does not depend on what happens to be buffered behind it.
  std::string_view text =
      BytesView(in_).substr(start_, std::min(scan_ - start_, k_max_tag_bytes + 1));
  std::size_t space = text.find(' ');
  if (space == BytesView::npos || !all_in(k_tag_char, text.substr(0, space))) return {};
  return std::string(text.substr(0, space));
}

}  // namespace peregrine::imap
