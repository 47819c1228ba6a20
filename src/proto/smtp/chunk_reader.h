#pragma once
// ChunkReader: the message that BDAT carries in pieces (RFC 3030). Where it ends is said by its
// commands and never by its octets; they are looked at all the same, because the message may leave
// again by DATA, where a bare CR or LF could end it (V12). With BODY=BINARYMIME only the header is
// held to lines: the body is any octets. One reader a message.
//
//   ChunkReader reader({.data = {.max_size = limit}});
//   reader.feed(octets, message);   // for every piece, cut anywhere
//   reader.finish(message);

#include "proto/smtp/data_reader.h"

namespace peregrine::smtp {

struct ChunkLimits {
  DataLimits data;
  bool is_binary = false;
};

class ChunkReader {
 public:
  explicit ChunkReader(ChunkLimits limits) : limits_(limits) {}

  /// Appends the octets to `out`, but for those over the size limit.
  void feed(BytesView in, Bytes& out);
  /// After the last chunk. A message of lines whose last line has no end gets one.
  void finish(Bytes& out);

  /// Complete after finish(); before that, what is already certain.
  [[nodiscard]] DataFaults faults() const;
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::size_t look_at_lines(BytesView in);
  void keep(BytesView in, Bytes& out);

  ChunkLimits limits_;
  bool is_finished_ = false;
  bool ends_in_cr_ = false;      ///< the last octet looked at is a CR
  bool ends_in_line_ = true;     ///< nothing yet, or a CRLF
  bool is_past_header_ = false;  ///< of a binary message: nothing more is looked at
  bool bare_control_ = false;
  bool long_line_ = false;
  std::uint64_t size_ = 0;
  std::uint64_t line_size_ = 0;  ///< of the line begun, without what the current piece adds
};

}  // namespace peregrine::smtp
