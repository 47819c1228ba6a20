#include "crypto/scram.h"

#include <cstdlib>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/secret.h"

namespace peregrine::crypto {
namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

const unsigned char* in(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* out(Bytes& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

const EVP_MD* algorithm(ScramHash hash) {
  return hash == ScramHash::sha1 ? EVP_sha1() : EVP_sha256();
}

Bytes digest(ScramHash hash, BytesView bytes) {
  Bytes result(size_of(hash), '\0');
  unsigned size = 0;
  require(::EVP_Digest(bytes.data(), bytes.size(), out(result), &size, algorithm(hash), nullptr) ==
          1);
  return result;
}

Bytes hmac(ScramHash hash, BytesView key, BytesView bytes) {
  Bytes result(size_of(hash), '\0');
  unsigned size = 0;
  require(::HMAC(algorithm(hash), key.data(), static_cast<int>(key.size()), in(bytes), bytes.size(),
                 out(result), &size) != nullptr);
  return result;
}

}  // namespace

std::size_t size_of(ScramHash hash) {
  return hash == ScramHash::sha1 ? 20 : 32;
}

ScramKeys derive_scram_keys(ScramHash hash, BytesView password, BytesView salt,
                            std::uint32_t iterations) {
  // RFC 5802 section 2.2: Hi() is PBKDF2 with HMAC, one block of output.
  Bytes salted(size_of(hash), '\0');
  require(::PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), in(salt),
                              static_cast<int>(salt.size()), static_cast<int>(iterations),
                              algorithm(hash), static_cast<int>(salted.size()), out(salted)) == 1);
  // RFC 5802 section 3: StoredKey := H(HMAC(SaltedPassword, "Client Key")).
  Bytes client_key = hmac(hash, salted, "Client Key");
  ScramKeys keys{hash, iterations, Bytes(salt), digest(hash, client_key),
                 hmac(hash, salted, "Server Key")};
  explicit_bzero(salted.data(), salted.size());
  explicit_bzero(client_key.data(), client_key.size());
  return keys;
}

bool check_scram_proof(const ScramKeys& keys, BytesView auth_message, BytesView proof) {
  if (proof.size() != size_of(keys.hash)) return false;
  // RFC 5802 section 3: the proof is the client's key, hidden by the signature.
  Bytes client_key = hmac(keys.hash, keys.stored_key, auth_message);
  for (std::size_t i = 0; i < client_key.size(); ++i) {
    client_key[i] = static_cast<char>(client_key[i] ^ proof[i]);
  }
  Bytes stored_key = digest(keys.hash, client_key);
  explicit_bzero(client_key.data(), client_key.size());
  return equal_in_constant_time(stored_key, keys.stored_key);
}

Bytes scram_server_signature(const ScramKeys& keys, BytesView auth_message) {
  return hmac(keys.hash, keys.server_key, auth_message);
}

}  // namespace peregrine::crypto
