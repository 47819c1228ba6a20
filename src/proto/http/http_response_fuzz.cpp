#include <cstdint>
#include <cstdlib>

#include "proto/http/response.h"

namespace {

using namespace peregrine;

http::ResponseEvent read(BytesView input, std::size_t step, Bytes& body) {
  http::ResponseReader reader({.header = 200, .body = 100});
  auto event = http::ResponseEvent::need_more;
  for (std::size_t i = 0; i < input.size() && event == http::ResponseEvent::need_more; i += step) {
    event = reader.feed(input.substr(i, step));
  }
  if (event == http::ResponseEvent::need_more) event = reader.end();
  if (event == http::ResponseEvent::complete) body = reader.response().body;
  return event;
}

}  // namespace

// A complete response is the same one wherever the input is cut, and its body is bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  BytesView input(reinterpret_cast<const char*>(data), size);
  Bytes whole, cut;
  bool is_complete = read(input, size, whole) == http::ResponseEvent::complete;
  if (is_complete != (read(input, 1, cut) == http::ResponseEvent::complete)) std::abort();
  if (whole != cut || whole.size() > 100) std::abort();
  return 0;
}
