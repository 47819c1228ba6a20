#pragma once
// MessageWriter: sends a stored message as the body of RETR or TOP, in chunks cut anywhere.
// Whatever was stored, what leaves is lines that end in CRLF, dot-stuffed, without a lone CR, LF or
// NUL (V12): a lone CR or LF becomes a line end and a NUL becomes "?". One writer a message.
//
//   MessageWriter writer = MessageWriter::top(lines);
//   while (!writer.done() && more) writer.feed(chunk, out);
//   writer.finish(out);

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace peregrine::pop3 {

class MessageWriter {
 public:
  /// RETR.
  static MessageWriter whole() { return MessageWriter(std::nullopt); }
  /// TOP: the header, the empty line and `lines` lines of the body.
  static MessageWriter top(std::uint32_t lines) { return MessageWriter(lines); }

  void feed(BytesView chunk, Bytes& out);
  /// Nothing more of the message is wanted.
  [[nodiscard]] bool done() const { return done_; }
  /// Completes the last line and writes the line that ends the response.
  void finish(Bytes& out);

 private:
  explicit MessageWriter(std::optional<std::uint32_t> body_lines) : body_lines_(body_lines) {}

  void put(BytesView content, Bytes& out);
  void end_line(Bytes& out);

  std::optional<std::uint32_t> body_lines_;  ///< still to send; none for all
  bool in_header_ = true;
  bool at_line_start_ = true;
  bool after_cr_ = false;  ///< a CR was read whose next byte is not known
  bool done_ = false;
};

}  // namespace peregrine::pop3
