// Arbitrary bytes as the record of a summary, as a hostile worker may send it to core.
#include <cstdint>
#include <cstdlib>

#include "model/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  BytesView record(reinterpret_cast<const char*>(data), size);
  // The size of the message is said outside the record; the record's own claim is tried.
  for (std::uint64_t raw_size : {std::uint64_t{100}, std::uint64_t{1000}}) {
    auto summary = decode_summary(record, raw_size);
    if (!summary) continue;
    for (std::size_t i = 0; i < summary->parts.size(); ++i) {
      const Part& part = summary->parts[i];
      bool inside = part.header_offset <= part.body_offset && part.body_offset <= raw_size &&
                    part.body_size <= raw_size - part.body_offset;
      if (!inside || (i > 0 && part.parent >= i)) std::abort();
    }
    auto again = decode_summary(encode_summary(*summary), raw_size);
    if (!again || !(*again == *summary)) std::abort();
  }
  return 0;
}
