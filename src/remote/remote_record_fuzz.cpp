// Feeds bytes to the decoders of the records about other servers, as key and as value. What decodes
// must encode to itself.
#include <cstddef>
#include <cstdlib>

#include "remote/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  BytesView bytes(reinterpret_cast<const char*>(data), size);
  auto policy = remote::decode_policy(bytes);
  if (policy && remote::decode_policy(remote::encode(*policy)) != policy) std::abort();
  auto count = remote::decode_count(bytes);
  if (count && remote::decode_count(remote::encode_count(*count)) != count) std::abort();
  auto result = remote::parse_result_key(bytes);
  if (result && remote::parse_result_key(remote::result_key(*result)) != result) std::abort();
  auto domain = remote::parse_policy_key(bytes);
  if (domain && remote::policy_key(*domain) != bytes) std::abort();
  return 0;
}
