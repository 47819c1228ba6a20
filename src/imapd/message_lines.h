#pragma once
// LineEnds: the message of APPEND as it is stored, all lines ended by CRLF, in pieces cut anywhere.

#include "base/bytes.h"

namespace peregrine::imapd {

class LineEnds {
 public:
  /// Appends `piece` to `out`. A lone CR or LF becomes CRLF. False when there is a NUL in it.
  [[nodiscard]] bool feed(BytesView piece, Bytes& out);
  /// After the last piece.
  void finish(Bytes& out);

 private:
  bool after_cr_ = false;  // a CR was read that is not written yet
};

}  // namespace peregrine::imapd
