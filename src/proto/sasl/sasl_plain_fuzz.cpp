#include <cstdint>
#include <cstdlib>

#include "proto/sasl/sasl.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// A message that parses is exactly its three parts joined with NULs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  BytesView input(reinterpret_cast<const char*>(data), size);
  if (auto login = sasl::parse_plain(input)) {
    Bytes joined = login->authorization_id + '\0' + login->authentication_id + '\0';
    joined += login->password.reveal();
    require(joined == input);
    require(!login->authentication_id.empty() && !login->password.empty());
    require(!login->authorization_id.empty() || !login->is_for_other());
    (void)login->is_for_other();
  }
  (void)sasl::decode_initial_response(input);
  if (auto message = sasl::decode_response(input)) (void)sasl::parse_plain(message->reveal());
  return 0;
}
