#pragma once
// DataReader: the message that follows 354. Only CRLF "." CRLF ends it, and the reader finds that
// end wherever the chunks are cut. A bare CR, a bare LF or a NUL anywhere makes the whole message
// one to refuse (V12), which is remembered while reading on to the true end, so that the client
// sees the answer. Past the size limit bytes are counted and dropped. One reader a message.
//
//   DataReader reader({.max_size = limit});
//   std::size_t used = reader.feed(chunk, message);   // until reader.done()

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace peregrine::smtp {

struct DataLimits {
  std::uint64_t max_size;          ///< octets of the message, RFC 1870 section 5
  std::size_t max_line = kib(64);  ///< octets of a line with its CRLF
};

struct DataFaults {
  bool bare_control = false;  ///< CR or LF outside CRLF, or NUL: refuse and close
  bool too_big = false;
  bool long_line = false;

  [[nodiscard]] bool any() const { return bare_control || too_big || long_line; }
};

class DataReader {
 public:
  explicit DataReader(DataLimits limits) : limits_(limits) {}

  /// Takes bytes up to the end of the message and appends them, without dot-stuffing, to `out`.
  /// Returns how many it took: all of them unless done().
  std::size_t feed(BytesView in, Bytes& out);

  [[nodiscard]] bool done() const { return state_ == State::done; }
  /// Complete once done(); before that, what is already certain.
  [[nodiscard]] DataFaults faults() const;
  /// Octets of the message so far, dropped ones included.
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  enum class State : std::uint8_t { line_start, text, dot, dot_cr, done };

  std::size_t read_text(BytesView in, std::size_t position);
  std::size_t scan(BytesView in, Bytes& out);
  void keep(BytesView run, Bytes& out);
  void end_line(std::size_t length);

  DataLimits limits_;
  State state_ = State::line_start;
  bool ends_in_cr_ = false;  ///< the last byte taken is a CR
  bool nul_ = false;
  bool bare_lf_ = false;
  bool long_line_ = false;
  std::uint64_t size_ = 0;
  std::uint64_t line_size_ = 0;  ///< of the line being read, up to the current chunk
  std::uint64_t cr_count_ = 0;
  std::uint64_t crlf_count_ = 0;
};

}  // namespace peregrine::smtp
