#pragma once
// ScramClient: the client's part of SCRAM (RFC 5802 section 3), on its own feet. For tests only.

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/scram.h"

namespace peregrine::crypto {

class ScramClient {
 public:
  ScramClient(ScramHash hash, BytesView password, BytesView salt, std::uint32_t iterations)
      : hash_(hash), salted_(size_of(hash), '\0') {
    ::PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), in(salt),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), algorithm(),
                        static_cast<int>(salted_.size()), out(salted_));
  }

  [[nodiscard]] Bytes proof(BytesView auth_message) const {
    Bytes key = mac(salted_, "Client Key");
    Bytes stored(size_of(hash_), '\0');
    unsigned size = 0;
    ::EVP_Digest(key.data(), key.size(), out(stored), &size, algorithm(), nullptr);
    Bytes signature = mac(stored, auth_message);
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = static_cast<char>(key[i] ^ signature[i]);
    }
    return key;
  }
  [[nodiscard]] Bytes server_signature(BytesView auth_message) const {
    return mac(mac(salted_, "Server Key"), auth_message);
  }

 private:
  static const unsigned char* in(BytesView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
  }
  static unsigned char* out(Bytes& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
  [[nodiscard]] const EVP_MD* algorithm() const {
    return hash_ == ScramHash::sha1 ? ::EVP_sha1() : ::EVP_sha256();
  }
  [[nodiscard]] Bytes mac(BytesView key, BytesView bytes) const {
    Bytes result(size_of(hash_), '\0');
    unsigned size = 0;
    ::HMAC(algorithm(), key.data(), static_cast<int>(key.size()), in(bytes), bytes.size(),
           out(result), &size);
    return result;
  }

  ScramHash hash_;
  Bytes salted_;
};

}  // namespace peregrine::crypto
