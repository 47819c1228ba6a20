#include <cstdlib>

#include "rpc/frame.h"
#include "rpc/handoff.h"

using peregrine::BytesView;

// What decodes encodes to something that decodes to the same; frame headers never look past the
// end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BytesView input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(peregrine::rpc::read_frame_header(input, 1000));
  auto handoff = peregrine::rpc::decode_handoff(input);
  if (!handoff) return 0;
  auto again = peregrine::rpc::decode_handoff(peregrine::rpc::encode_handoff(*handoff));
  if (!again || *again != *handoff) std::abort();
  return 0;
}
