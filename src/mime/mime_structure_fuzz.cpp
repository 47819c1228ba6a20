// Arbitrary bytes as a message: the summary passes the checks that core makes of it, every part
// lies inside its parent, and the search text is bounded UTF-8.
#include <cstdint>
#include <cstdlib>

#include "mime/part_numbers.h"
#include "mime/search_text.h"
#include "mime/structure.h"
#include "text/utf8.h"

namespace {

void check(std::string_view raw, const peregrine::mime::Limits& limits) {
  using namespace peregrine;
  MessageSummary summary = mime::read_message(raw, limits);
  auto again = decode_summary(encode_summary(summary), raw.size());
  if (!again || !(*again == summary)) std::abort();
  for (std::size_t i = 1; i < summary.parts.size(); ++i) {
    if (summary.parts[i].parent >= i) std::abort();
  }
  std::uint32_t numbers[] = {1, 1, 2};
  mime::find_part(summary.parts, numbers);
  mime::SearchTextLimits small{.header_bytes = 50, .body_bytes = 50, .input_bytes = 1000};
  mime::SearchText text = mime::search_text(raw, summary, small);
  if (text.headers.size() > 50 || text.body.size() > 50) std::abort();
  if (!text::is_valid_utf8(text.headers) || !text::is_valid_utf8(text.body)) std::abort();
  mime::search_text(raw, summary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view raw(reinterpret_cast<const char*>(data), size);
  check(raw, {});
  peregrine::mime::Limits tight;
  tight.header_fields = 4;
  tight.header_bytes = 100;
  tight.field_bytes = 40;
  tight.addresses = 3;
  tight.parameters = 2;
  tight.depth = 3;
  tight.parts = 4;
  tight.summary_base_bytes = 50;
  tight.parameter_bytes = 60;
  check(raw, tight);
  return 0;
}
