#include "crypto/hash.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sys/random.h>

namespace peregrine::crypto {
namespace {

const unsigned char* data(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

struct SipKey {
  std::uint64_t k0 = random_u64();
  std::uint64_t k1 = random_u64();
};

struct SipState {
  std::uint64_t v0, v1, v2, v3;
  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
};

}  // namespace

Digest sha256(BytesView bytes) {
  Digest digest;
  SHA256(data(bytes), bytes.size(), digest.data());
  return digest;
}

Digest hmac_sha256(BytesView key, BytesView bytes) {
  Digest digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data(bytes), bytes.size(),
       digest.data(), &size);
  return digest;
}

Bytes random_bytes(std::size_t count) {
  Bytes out(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    ssize_t n = ::getrandom(out.data() + filled, count - filled, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) std::abort();  // without randomness no secret can be made
    filled += static_cast<std::size_t>(n);
  }
  return out;
}

std::uint64_t random_u64() {
  std::uint64_t value;
  Bytes bytes = random_bytes(sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool constant_time_equal(BytesView a, BytesView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::size_t KeyedHash::operator()(BytesView key) const {
  static const SipKey k;
  SipState s{k.k0 ^ 0x736f6d6570736575ULL, k.k1 ^ 0x646f72616e646f6dULL,
             k.k0 ^ 0x6c7967656e657261ULL, k.k1 ^ 0x7465646279746573ULL};
  std::uint64_t last = static_cast<std::uint64_t>(key.size()) << 56;
  while (key.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, key.data(), sizeof word);
    s.v3 ^= word;
    s.round();
    s.v0 ^= word;
    key.remove_prefix(8);
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    last |= static_cast<std::uint64_t>(static_cast<unsigned char>(key[i])) << (8 * i);
  }
  s.v3 ^= last;
  s.round();
  s.v0 ^= last;
  s.v2 ^= 0xff;
  s.round();
  s.round();
  s.round();
  return static_cast<std::size_t>(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}

}  // namespace peregrine::crypto
