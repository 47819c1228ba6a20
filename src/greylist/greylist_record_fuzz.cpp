// Feeds bytes to the decoder of the greylist's records. What decodes must encode to itself.
#include <cstddef>
#include <cstdlib>

#include "greylist/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  BytesView bytes(reinterpret_cast<const char*>(data), size);
  auto record = greylist::decode(bytes);
  if (record && greylist::decode(greylist::encode(*record)) != record) std::abort();
  return 0;
}
