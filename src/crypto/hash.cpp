#include "crypto/hash.h"

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sys/random.h>

namespace peregrine::crypto {
namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

const unsigned char* data_of(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

struct SipState {
  std::uint64_t a, b, c, d;

  void round() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
};

std::uint64_t little_endian(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return word;
}

}  // namespace

void warm_up() {
  require(::OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS |
                                 OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
                             nullptr) == 1);
  // OpenSSL seeds its own generator, which makes handshake keys, at its first use.
  unsigned char byte = 0;
  require(::RAND_bytes(&byte, 1) == 1);
  hmac_sha256("key", "bytes");
  KeyedHash{}("");
}

Digest sha256(BytesView bytes) {
  return Sha256().update(bytes).finish();
}

Digest hmac_sha256(BytesView key, BytesView bytes) {
  Digest out{};
  unsigned size = out.size();
  require(::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data_of(bytes),
                 bytes.size(), out.data(), &size) != nullptr);
  return out;
}

Sha256::Sha256() : context_(::EVP_MD_CTX_new()) {
  require(::EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

Sha256& Sha256::update(BytesView bytes) {
  require(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  return *this;
}

Digest Sha256::finish() {
  Digest out{};
  require(::EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1);
  return out;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  ::EVP_MD_CTX_free(context);
}

Bytes random_bytes(std::size_t count) {
  Bytes out(count, '\0');
  fill_random(out);
  return out;
}

void fill_random(std::span<char> out) {
  while (!out.empty()) {
    ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    require(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::uint64_t random_u64() {
  std::array<char, 8> bytes{};
  fill_random(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

std::uint64_t siphash13(SipKey key, BytesView bytes) {
  SipState s{key.first ^ 0x736f6d6570736575, key.second ^ 0x646f72616e646f6d,
             key.first ^ 0x6c7967656e657261, key.second ^ 0x7465646279746573};
  std::size_t whole = bytes.size() / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) {
    std::uint64_t word = little_endian(bytes.data() + i, 8);
    s.d ^= word;
    s.round();
    s.a ^= word;
  }
  std::uint64_t last = little_endian(bytes.data() + whole, bytes.size() - whole) |
                       static_cast<std::uint64_t>(bytes.size() & 0xff) << 56;
  s.d ^= last;
  s.round();
  s.a ^= last;
  s.c ^= 0xff;
  for (int i = 0; i < 3; ++i) s.round();
  return s.a ^ s.b ^ s.c ^ s.d;
}

std::size_t KeyedHash::operator()(std::string_view bytes) const noexcept {
  static const SipKey key{random_u64(), random_u64()};
  return siphash13(key, bytes);
}

}  // namespace peregrine::crypto
