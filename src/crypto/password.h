#pragma once
// Password hashes: Argon2id in the PHC string format, "$argon2id$v=19$m=…,t=…,p=…$salt$hash". Each
// call takes the memory and time that its cost says (tens of milliseconds): run it on a pool and
// never on a loop, keep the number of calls at a time bounded, and make the cheap checks first
// (V34).

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::crypto {

/// The defaults are OWASP's minimum.
struct PasswordCost {
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;  ///< worked off one after another: no thread is made
  bool operator==(const PasswordCost&) const = default;
};

/// What a stored hash may ask for, so that a wrong one cannot exhaust the machine.
inline constexpr PasswordCost k_highest_password_cost{512 * 1024, 16, 16};

/// Longer ones are refused before any work.
inline constexpr std::size_t k_longest_password = 1024;

enum class PasswordError : std::uint8_t {
  no_memory,
  bad_hash,  ///< the stored hash cannot be read
  bad_cost,  ///< outside what k_highest_password_cost allows
  too_long,  ///< the password
};

/// A new hash with a random salt of 16 bytes.
std::expected<std::string, PasswordError> hash_password(BytesView password, PasswordCost cost);

/// Whether `password` is the one that `hash` was made of.
std::expected<bool, PasswordError> verify_password(std::string_view hash, BytesView password);

/// As much work as verify_password on a hash of this cost, for a user who does not exist (V33).
void verify_nothing(BytesView password, PasswordCost cost);

/// The cost of a stored hash: when it differs from the configured one, a successful login is the
/// moment to hash anew.
std::expected<PasswordCost, PasswordError> password_cost(std::string_view hash);

}  // namespace peregrine::crypto
