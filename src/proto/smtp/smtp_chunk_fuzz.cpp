#include <cstdint>
#include <cstdlib>

#include "proto/smtp/chunk_reader.h"
#include "proto/smtp/chunk_reference.h"

namespace {

using namespace peregrine;
using namespace peregrine::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

void compare(BytesView input, std::size_t step, bool is_binary) {
  ChunkReader reader({.data = {.max_size = 256, .max_line = 100}, .is_binary = is_binary});
  Bytes message;
  for (std::size_t at = 0; at < input.size(); at += step) {
    reader.feed(input.substr(at, step), message);
  }
  reader.finish(message);
  DataFaults faults = reader.faults();
  require(faults.bare_control == reference_has_bare_control(input, is_binary));
  if (faults.bare_control) return;
  Bytes expected = reference_message(input, is_binary);
  require(reader.size() == expected.size());
  require(message == expected.substr(0, 256));
  require(faults.too_big == (expected.size() > 256));
}

}  // namespace

// The reader and the plain rules agree on the content and the faults of every input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  BytesView input(reinterpret_cast<const char*>(data), size);
  for (bool is_binary : {false, true}) {
    compare(input, size, is_binary);
    compare(input, 1, is_binary);
    compare(input, 1 + data[size - 1] % 32U, is_binary);
  }
  return 0;
}
