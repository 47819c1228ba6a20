// Arbitrary bytes as a header: fields lie inside, unfolded values are one line, and the structured
// fields are read too.
#include <cstdint>
#include <cstdlib>

#include "mime/header.h"
#include "mime/parameters.h"
#include "text/date.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  mime::HeaderReader reader(text);
  std::size_t end = 0;
  while (auto field = reader.next()) {
    if (field->offset < end || field->raw.empty()) std::abort();
    end = field->offset + field->raw.size();
    if (end > size || text.substr(field->offset, field->raw.size()) != field->raw) std::abort();
    std::string line = mime::unfold(field->value);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) std::abort();
    auto type = mime::parse_content_type(field->value);
    if (type.type.empty() != type.subtype.empty()) std::abort();
    if (type.parameters.size() > 128) std::abort();
    auto container = mime::parse_container_type(field->value);
    if (container.type != type.type || container.subtype != type.subtype) std::abort();
    mime::parse_content_disposition(field->value);
    if (auto date = text::parse_message_date(line)) {
      auto again =
          text::parse_message_date(text::write_message_date(date->time, date->zone_minutes));
      bool at_the_edge = date->time.seconds < -2208900000 || date->time.seconds > 253402200000;
      if (!at_the_edge && again != date) std::abort();
    }
  }
  if (reader.body_offset() < end || reader.body_offset() > size) std::abort();
  return 0;
}
