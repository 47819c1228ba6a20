#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/foreign_protocol.h"
#include "proto/smtp/framer.h"

namespace {

using namespace peregrine;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Everything the framer tells: each event, and the line with it.
std::string told(BytesView input, std::size_t step) {
  std::string out;
  LineFramer framer({.max_line = 64, .max_overlong = 200});
  for (std::size_t i = 0; i < input.size(); i += step) {
    framer.feed(input.substr(i, step));
    for (LineEvent event = framer.next(); event != LineEvent::need_more; event = framer.next()) {
      out += static_cast<char>('0' + static_cast<int>(event));
      if (is_fatal(event)) return out;
      require(framer.line().size() <= 62);
      require(framer.line().find_first_of(BytesView("\r\n\0", 3)) == BytesView::npos);
      out.append(framer.line()).append("\n");
    }
    require(framer.buffered().size() <= 200);
  }
  return out;
}

}  // namespace

// The events do not depend on where the input is cut, and no line holds a line end or a NUL.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  BytesView input(reinterpret_cast<const char*>(data), size);
  std::string whole = told(input, size);
  require(told(input, 1) == whole);
  require(told(input, 1 + data[0] % 16U) == whole);
  (void)detect_foreign_protocol(input);
  return 0;
}
