#include <cstdint>
#include <cstdlib>

#include "proto/dns/rdata.h"
#include "proto/dns/rdata_fixture.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// What comes out is never longer than what came in, and a name survives the way back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  BytesView input(reinterpret_cast<const char*>(data), size);
  if (auto name = dns::parse_name(input)) {
    require(dns::parse_name(dns::wire_name(*name)) == name);
    require(dns::wire_name(*name).size() == size);
  }
  if (auto mx = dns::parse_mx(input)) {
    require(dns::parse_mx(dns::wire_mx(mx->preference, mx->exchange)) == mx);
  }
  if (auto text = dns::parse_txt(input)) require(text->size() < size);
  if (auto tlsa = dns::parse_tlsa(input)) require(tlsa->data.size() == size - 3);
  require(dns::parse_address(dns::Type::a, input).has_value() == (size == 4));
  require(dns::parse_address(dns::Type::aaaa, input).has_value() == (size == 16));
  return 0;
}
