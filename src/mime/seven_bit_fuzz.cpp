// Arbitrary bytes as a message for a server without 8BITMIME: what comes out is 7-bit, has the same
// parts, and each leaf decodes to what it was.
#include <cstdint>
#include <cstdlib>

#include "mime/seven_bit.h"
#include "mime/structure.h"
#include "mime/transfer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  std::string_view raw(reinterpret_cast<const char*>(data), size);
  auto converted = mime::to_seven_bit(raw);
  if (!converted) return 0;
  if (!mime::is_seven_bit(*converted)) std::abort();
  MessageSummary before = mime::read_message(raw);
  MessageSummary after = mime::read_message(*converted);
  if (before.parts.size() != after.parts.size()) std::abort();
  for (std::size_t i = 0; i < before.parts.size(); ++i) {
    const Part& from = before.parts[i];
    const Part& to = after.parts[i];
    if (from.kind != to.kind) std::abort();
    if (from.kind != PartKind::leaf) continue;
    auto was = mime::decode_body(mime::body_of(from, raw), mime::transfer_encoding(from));
    auto is = mime::decode_body(mime::body_of(to, *converted), mime::transfer_encoding(to));
    if (was != is) std::abort();
  }
  return 0;
}
