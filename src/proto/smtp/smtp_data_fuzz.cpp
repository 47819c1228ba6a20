#include <cstdint>
#include <cstdlib>

#include "proto/smtp/data_reader.h"
#include "proto/smtp/data_reference.h"

namespace {

using namespace peregrine;
using namespace peregrine::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

void compare(BytesView input, std::size_t step, const std::optional<ReferenceMessage>& expected) {
  DataReader reader({.max_size = 256, .max_line = 100});
  Bytes message;
  std::size_t consumed = 0;
  while (!reader.done() && consumed < input.size()) {
    consumed += reader.feed(input.substr(consumed, step), message);
  }
  require(message.size() <= 256);
  require(reader.done() == expected.has_value());
  if (!expected) return;
  require(consumed == expected->consumed);
  require(message == expected->message.substr(0, 256));
  require(reader.size() == expected->message.size());
  require(reader.faults().bare_control == expected->bare_control);
  require(reader.faults().too_big == (expected->message.size() > 256));
}

}  // namespace

// The fast reader and the plain one agree on the end, the content and the faults of every input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  BytesView input(reinterpret_cast<const char*>(data), size);
  auto expected = reference_read(input);
  compare(input, size, expected);
  compare(input, 1, expected);
  compare(input, 1 + data[size - 1] % 32U, expected);
  return 0;
}
