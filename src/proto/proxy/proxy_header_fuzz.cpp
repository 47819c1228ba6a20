#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "proto/proxy/proxy_reader.h"

namespace {

using namespace peregrine;
using namespace peregrine::proxy;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Read {
  ProxyReader reader;
  std::size_t used = 0;
};

Read read(BytesView input, std::size_t step) {
  Read out;
  while (out.reader.wants() > 0 && out.used < input.size()) {
    std::size_t size = std::min({out.reader.wants(), step, input.size() - out.used});
    out.reader.feed(input.substr(out.used, size));
    out.used += size;
  }
  return out;
}

}  // namespace

// However the input is cut, the same header is found, and nothing behind it is taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BytesView input(reinterpret_cast<const char*>(data), size);
  Read whole = read(input, SIZE_MAX);
  Read bytes = read(input, 1);
  require(whole.reader.status() == bytes.reader.status());
  require(whole.reader.source() == bytes.reader.source());
  require(whole.used <= 16 + 4096);
  if (whole.reader.status() == ProxyStatus::done) require(whole.used == bytes.used);
  if (const auto& source = whole.reader.source()) require(source->size == 4 || source->size == 16);
  return 0;
}
