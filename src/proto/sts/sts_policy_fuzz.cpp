#include <cstdint>
#include <cstdlib>

#include "proto/sts/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  BytesView input(reinterpret_cast<const char*>(data), size);
  if (auto id = sts::parse_record(input); id && (id->empty() || id->size() > 32)) std::abort();
  if (auto policy = sts::parse_policy(input)) {
    if (policy->mx.size() > sts::k_most_patterns || policy->max_age > 31557600) std::abort();
    // A pattern is for the host that it spells out.
    for (const std::string& pattern : policy->mx) {
      std::string host = pattern.starts_with("*.") ? "a" + pattern.substr(1) : pattern;
      if (!policy->matches(host)) std::abort();
    }
  }
  return 0;
}
