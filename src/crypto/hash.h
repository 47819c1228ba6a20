#pragma once
// Hashes, random bytes and comparisons that take the same time whatever they compare.

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"

namespace peregrine::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(BytesView bytes);
Digest hmac_sha256(BytesView key, BytesView bytes);

/// `count` bytes from the system's generator. Ends the process when there are none to be had.
Bytes random_bytes(std::size_t count);
std::uint64_t random_u64();

/// Compares without telling by its time where the two differ; lengths are not secret.
bool constant_time_equal(BytesView a, BytesView b);

inline BytesView view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Hasher for containers whose keys come from outside: SipHash-1-3 under a key of this process, so
/// that nobody can prepare colliding keys (V43).
struct KeyedHash {
  using is_transparent = void;
  std::size_t operator()(BytesView key) const;
};

}  // namespace peregrine::crypto
