#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/address.h"
#include "text/idna.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// What parses prints to one canonical form that parses to the same address, and its key is stable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  std::string_view input(reinterpret_cast<const char*>(data), size);

  auto address = Address::parse(input);
  if (address) {
    require(address->to_string().size() <= 254);
    auto again = Address::parse(address->to_string());
    require(again == *address);
    require(again->to_string() == address->to_string());
    require(!address->domain().contains('@'));
    require(address->key() == again->key());
    auto folded = text::fold_case(address->local());
    require(folded && text::fold_case(*folded) == folded);
    (void)address->without_detail('+').to_string();
    if (!address->is_literal()) require(canonical_domain(address->domain()) == address->domain());
  }

  auto ascii = text::domain_to_ascii(input);
  if (ascii) {
    require(text::domain_to_ascii(*ascii) == *ascii);
    auto unicode = text::domain_to_unicode(*ascii);
    require(unicode && text::domain_to_ascii(*unicode) == *ascii);
  }
  return 0;
}
