#pragma once
// LineFramer: cuts received bytes into the command lines of SMTP and POP3. Only CRLF ends a line;
// a bare CR, a bare LF or a NUL ends the session (V12), as does a line without end. Works with the
// input split anywhere, and holds at most one chunk and one line. Not for IMAP, whose literals are
// part of a command, and not for message data.
//
//   framer.feed(chunk);
//   while (true) switch (framer.next()) {
//     case LineEvent::need_more: read again
//     case LineEvent::line: handle(framer.line());

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace peregrine {

struct LineLimits {
  std::size_t max_line;      ///< octets of a line with its CRLF
  std::size_t max_overlong;  ///< octets of one line after which the peer is given up
};

enum class LineEvent : std::uint8_t {
  need_more,
  line,      ///< complete, see line()
  too_long,  ///< over max_line: told once, at the limit; the rest of the line is swallowed
  // The peer is not to be read from any further: each of these is told again by every later call.
  bare_cr,
  bare_lf,
  nul,
  endless,  ///< over max_overlong without a CRLF
};

/// True for the events after which the session ends.
constexpr bool is_fatal(LineEvent event) {
  return event >= LineEvent::bare_cr;
}

class LineFramer {
 public:
  explicit LineFramer(LineLimits limits) : limits_(limits) {}

  /// Adds received bytes. Take all events before feeding more: that keeps the buffer small.
  void feed(BytesView bytes);

  [[nodiscard]] LineEvent next();

  /// After LineEvent::line, the line without its CRLF; valid until the next call that changes this.
  [[nodiscard]] BytesView line() const { return BytesView(buffer_).substr(line_at_, line_size_); }

  /// Bytes behind the last line: pipelined commands, message data, or an injection before TLS
  /// (V13).
  [[nodiscard]] BytesView buffered() const { return BytesView(buffer_).substr(begin_); }
  [[nodiscard]] bool has_buffered() const { return begin_ < buffer_.size(); }
  /// Takes `n` buffered bytes away, for a reader of message data; the next byte starts a line.
  void consume(std::size_t n);

  /// For the lines from the next on, as when a SASL exchange begins.
  void set_limits(LineLimits limits) { limits_ = limits; }

 private:
  LineEvent fail(LineEvent event);

  LineLimits limits_;
  Bytes buffer_;
  std::size_t begin_ = 0;  ///< of the line being read
  std::size_t scan_ = 0;   ///< of the first byte not yet looked at
  std::size_t seen_ = 0;   ///< octets of the line being read, swallowed ones included
  std::size_t line_at_ = 0;
  std::size_t line_size_ = 0;
  bool after_cr_ = false;
  bool swallowing_ = false;
  LineEvent failure_ = LineEvent::need_more;
};

}  // namespace peregrine
