#include <cstdint>
#include <cstdlib>

#include "proto/pop3/message_reference.h"
#include "proto/pop3/message_writer.h"

namespace {

using namespace peregrine;
using namespace peregrine::pop3;

void compare(BytesView message, std::size_t step, std::optional<std::uint32_t> lines,
             const Bytes& expected) {
  MessageWriter writer = lines ? MessageWriter::top(*lines) : MessageWriter::whole();
  Bytes out;
  for (std::size_t i = 0; i < message.size() && !writer.done(); i += step) {
    writer.feed(message.substr(i, step), out);
  }
  writer.finish(out);
  if (out != expected) std::abort();
}

}  // namespace

// The fast writer and the plain one send the same for every message, however it is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  BytesView message(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::optional<std::uint32_t> lines;
  if ((data[0] & 1) != 0) lines = data[0] >> 5;
  Bytes expected = reference_write(message, lines);
  compare(message, message.size(), lines, expected);
  compare(message, 1, lines, expected);
  compare(message, 1 + data[0] % 16U, lines, expected);
  return 0;
}
