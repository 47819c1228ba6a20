// Arbitrary bytes as an address field: groups are closed, and no address lacks a mailbox or a host.
#include <cstdint>
#include <cstdlib>

#include "mime/address_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  std::string_view value(reinterpret_cast<const char*>(data), size);
  for (std::size_t limit : {std::size_t{2000}, std::size_t{3}, std::size_t{0}}) {
    mime::Limits limits;
    limits.addresses = limit;
    mime::Defects defects;
    auto list = mime::parse_address_list(value, defects, limits);
    if (list.size() > limit) std::abort();
    bool in_group = false;
    for (const EnvelopeAddress& address : list) {
      if (address.host) {
        if (!address.mailbox) std::abort();
        continue;
      }
      bool starts = address.mailbox.has_value();
      if (starts == in_group || address.name) std::abort();
      in_group = starts;
    }
    if (in_group) std::abort();
  }
  return 0;
}
