#pragma once
// The keys and proofs of SCRAM (RFC 5802 section 3, RFC 7677), as a server has them. Who knows the
// keys can check a password and cannot log in with them, but can try passwords offline: they are as
// secret as a password hash. The messages of the exchange are proto/sasl/scram.h.

#include <cstdint>

#include "base/bytes.h"

namespace peregrine::crypto {

/// Never renumber: stored, and sent between processes.
enum class ScramHash : std::uint8_t { sha1 = 1, sha256 = 2 };

/// Of the hash, and so of its keys, proofs and signatures.
std::size_t size_of(ScramHash hash);

struct ScramKeys {
  ScramHash hash = ScramHash::sha256;
  std::uint32_t iterations = 0;
  Bytes salt;
  Bytes stored_key;
  Bytes server_key;
  bool operator==(const ScramKeys&) const = default;
};

inline constexpr std::size_t k_scram_salt = 16;

/// Takes milliseconds for each few thousand iterations: on a pool, never on a loop. `password` has
/// been prepared as RFC 5802 section 2.2 says.
ScramKeys derive_scram_keys(ScramHash hash, BytesView password, BytesView salt,
                            std::uint32_t iterations);

/// Whether the client that sent `proof` knows the password. `auth_message`: RFC 5802 section 3.
bool check_scram_proof(const ScramKeys& keys, BytesView auth_message, BytesView proof);
/// What shows the client that the server knows the keys.
Bytes scram_server_signature(const ScramKeys& keys, BytesView auth_message);

}  // namespace peregrine::crypto
