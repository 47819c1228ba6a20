#pragma once
// Digests, message authentication, random bytes, and the keyed hash for tables whose keys come from
// outside. Comparing secrets: base/secret.h. A failing random generator or digest ends the process:
// nothing goes on with a weak key (V35).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;

namespace peregrine::crypto {

/// Loads what OpenSSL reads or allocates at first use, without its configuration file: our policy
/// is in tls.cpp and not in /etc. Call it before the sandbox and before any thread.
void warm_up();

/// The 32 bytes of a SHA-256.
using Digest = std::array<std::uint8_t, 32>;

inline BytesView view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest sha256(BytesView bytes);
Digest hmac_sha256(BytesView key, BytesView bytes);

/// SHA-256 of bytes that come in pieces. finish() once, then the object is spent.
class Sha256 {
 public:
  Sha256();
  Sha256& update(BytesView bytes);
  Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Unpredictable bytes from the kernel, fit for keys and tokens.
Bytes random_bytes(std::size_t count);
void fill_random(std::span<char> out);
std::uint64_t random_u64();

/// SipHash-1-3 under a key drawn once a process: the hash of every table keyed by a peer's bytes
/// (V43).
///   std::unordered_map<std::string, X, KeyedHash, std::equal_to<>> table;
struct KeyedHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view bytes) const noexcept;
};

struct SipKey {
  std::uint64_t first;
  std::uint64_t second;
};
std::uint64_t siphash13(SipKey key, BytesView bytes);

}  // namespace peregrine::crypto
