#include "crypto/password.h"

#include <argon2.h>

#include "crypto/hash.h"

namespace peregrine::crypto {
namespace {

constexpr std::size_t k_salt_bytes = 16;
constexpr std::size_t k_hash_bytes = 32;

}  // namespace

std::expected<std::string, PasswordError> hash_password(BytesView password, PasswordCost cost) {
  Bytes salt = random_bytes(k_salt_bytes);
  std::string encoded(
      argon2_encodedlen(cost.passes, cost.memory_kib, 1, k_salt_bytes, k_hash_bytes, Argon2_id),
      '\0');
  int status =
      argon2id_hash_encoded(cost.passes, cost.memory_kib, 1, password.data(), password.size(),
                            salt.data(), salt.size(), k_hash_bytes, encoded.data(), encoded.size());
  if (status != ARGON2_OK) return std::unexpected(PasswordError::no_memory);
  encoded.resize(encoded.find('\0'));
  return encoded;
}

std::expected<bool, PasswordError> verify_password(const std::string& hash, BytesView password) {
  int status = argon2id_verify(hash.c_str(), password.data(), password.size());
  if (status == ARGON2_OK) return true;
  if (status == ARGON2_VERIFY_MISMATCH) return false;
  return std::unexpected(status == ARGON2_MEMORY_ALLOCATION_ERROR ? PasswordError::no_memory
                                                                  : PasswordError::bad_hash);
}

void verify_nothing(BytesView password, PasswordCost cost) {
  static_cast<void>(hash_password(password, cost));
}

}  // namespace peregrine::crypto
