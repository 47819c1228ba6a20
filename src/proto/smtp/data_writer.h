#pragma once
// DataWriter: a message on its way out behind 354. It puts the transparency dots in and changes
// nothing else. A bare CR, a bare LF or a NUL never leaves in DATA (V12): the writer stops there,
// and the connection is to be cut before the end of the message.
//
//   if (!writer.feed(chunk, out)) cut the connection
//   if (!writer.finish(out)) cut the connection

#include "base/bytes.h"

namespace peregrine::smtp {

class DataWriter {
 public:
  /// Appends `chunk` as it goes on the wire. False, and for good, at a byte that must not leave.
  [[nodiscard]] bool feed(BytesView chunk, Bytes& out);
  /// Appends the end of the message, with a CRLF before it where the message has none.
  [[nodiscard]] bool finish(Bytes& out);

 private:
  bool at_line_start_ = true;
  bool after_cr_ = false;
  bool broken_ = false;
};

}  // namespace peregrine::smtp
