#pragma once
// Passwords at rest: Argon2id in the PHC string format. Both calls take tens of milliseconds by
// design: run them on a pool, never on a loop.

#include <cstdint>
#include <expected>
#include <string>

#include "base/bytes.h"

namespace peregrine::crypto {

struct PasswordCost {
  std::uint32_t memory_kib = 19456;
  std::uint32_t passes = 2;
};

enum class PasswordError : std::uint8_t { no_memory, bad_hash };

/// "$argon2id$v=19$m=…" with a fresh salt.
std::expected<std::string, PasswordError> hash_password(BytesView password, PasswordCost cost);

/// Whether `password` is the one that `hash` was made of. A hash that cannot be read is an error.
std::expected<bool, PasswordError> verify_password(const std::string& hash, BytesView password);

/// Takes the time of verify_password and finds nothing: for accounts that do not exist (V33).
void verify_nothing(BytesView password, PasswordCost cost);

}  // namespace peregrine::crypto
