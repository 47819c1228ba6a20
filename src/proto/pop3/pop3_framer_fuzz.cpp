#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/pop3/framer.h"
#include "proto/pop3/grammar.h"

namespace {

using namespace peregrine;

/// The session's view of the input: events, and what each line parses to.
std::string told(BytesView input, std::size_t step) {
  std::string out;
  LineFramer framer(pop3::k_command_limits);
  for (std::size_t i = 0; i < input.size(); i += step) {
    framer.feed(input.substr(i, step));
    for (LineEvent event = framer.next(); event != LineEvent::need_more; event = framer.next()) {
      out += static_cast<char>('0' + static_cast<int>(event));
      if (is_fatal(event)) return out;
      if (event != LineEvent::line) continue;
      if (framer.line().size() > 253) std::abort();
      auto command = pop3::parse_command(framer.line());
      out += command ? static_cast<char>('a' + command->index()) : '-';
    }
  }
  return out;
}

}  // namespace

// What a session sees does not depend on where its input is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  BytesView input(reinterpret_cast<const char*>(data), size);
  std::string whole = told(input, size);
  if (told(input, 1) != whole || told(input, 1 + data[0] % 16U) != whole) std::abort();
  return 0;
}
