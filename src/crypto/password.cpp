#include "crypto/password.h"

#include <algorithm>
#include <argon2.h>
#include <cstdlib>
#include <cstring>
#include <openssl/evp.h>
#include <optional>

#include "base/cursor.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"

namespace peregrine::crypto {
namespace {

constexpr std::size_t k_salt_size = 16;
constexpr std::size_t k_hash_size = 32;
constexpr std::size_t k_longest_field = 64;
constexpr std::string_view k_prefix = "$argon2id$v=19$m=";

struct StoredHash {
  PasswordCost cost;
  Bytes salt;
  Bytes hash;
};

// Base64 without padding, as the PHC format has it.
std::string encode(BytesView bytes) {
  std::string out(bytes.size() / 3 * 4 + 5, '\0');
  int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                               reinterpret_cast<const unsigned char*>(bytes.data()),
                               static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  while (out.ends_with('=')) out.pop_back();
  return out;
}

std::optional<Bytes> decode(std::string_view text) {
  if (text.size() > k_longest_field * 4 / 3 + 1 || text.size() % 4 == 1) return std::nullopt;
  if (text.find('=') != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  padded.append((4 - text.size() % 4) % 4, '=');
  Bytes out(padded.size(), '\0');
  int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                               reinterpret_cast<const unsigned char*>(padded.data()),
                               static_cast<int>(padded.size()));
  if (size < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - (padded.size() - text.size()));
  // Exactly one spelling: no bits beyond the last byte, no white space.
  if (encode(out) != text) return std::nullopt;
  return out;
}

bool is_allowed(const PasswordCost& p) {
  return p.lanes >= 1 && p.passes >= 1 && p.memory_kib >= 8 * p.lanes &&
         p.memory_kib <= k_highest_password_cost.memory_kib &&
         p.passes <= k_highest_password_cost.passes && p.lanes <= k_highest_password_cost.lanes;
}

// Cuts the part of `text` before `end` off, and reads it as a number.
std::optional<std::uint32_t> take_number(std::string_view& text, std::string_view end) {
  std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  auto number = parse_number(text.substr(0, at), UINT32_MAX);
  text.remove_prefix(at + end.size());
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::expected<StoredHash, PasswordError> parse(std::string_view phc) {
  constexpr auto malformed = std::unexpected(PasswordError::bad_hash);
  if (!phc.starts_with(k_prefix)) return malformed;
  phc.remove_prefix(k_prefix.size());
  auto memory = take_number(phc, ",t=");
  auto iterations = take_number(phc, ",p=");
  auto parallelism = take_number(phc, "$");
  if (!memory || !iterations || !parallelism) return malformed;
  std::size_t dollar = phc.find('$');
  if (dollar == std::string_view::npos) return malformed;
  auto salt = decode(phc.substr(0, dollar));
  auto hash = decode(phc.substr(dollar + 1));
  if (!salt || !hash || salt->size() < 8 || hash->size() < 16) return malformed;
  StoredHash out{{*memory, *iterations, *parallelism}, std::move(*salt), std::move(*hash)};
  if (!is_allowed(out.cost)) return std::unexpected(PasswordError::bad_cost);
  return out;
}

std::expected<Bytes, PasswordError> derive(BytesView password, BytesView salt, std::size_t size,
                                           PasswordCost cost) {
  if (password.size() > k_longest_password) return std::unexpected(PasswordError::too_long);
  if (!is_allowed(cost)) return std::unexpected(PasswordError::bad_cost);
  Bytes out(size, '\0');
  argon2_context context{};
  auto mutable_bytes = [](BytesView bytes) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
  };
  context.out = mutable_bytes(out);
  context.outlen = static_cast<std::uint32_t>(out.size());
  context.pwd = mutable_bytes(password);
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = mutable_bytes(salt);
  context.saltlen = static_cast<std::uint32_t>(salt.size());
  context.t_cost = cost.passes;
  context.m_cost = cost.memory_kib;
  context.lanes = cost.lanes;
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  context.flags = ARGON2_DEFAULT_FLAGS;
  if (int result = ::argon2_ctx(&context, Argon2_id); result != ARGON2_OK) {
    return std::unexpected(result == ARGON2_MEMORY_ALLOCATION_ERROR ? PasswordError::no_memory
                                                                    : PasswordError::bad_cost);
  }
  return out;
}

}  // namespace

std::expected<std::string, PasswordError> hash_password(BytesView password, PasswordCost cost) {
  Bytes salt = random_bytes(k_salt_size);
  TRY(Bytes hash, derive(password, salt, k_hash_size, cost));
  return std::string(k_prefix) + std::to_string(cost.memory_kib) +
         ",t=" + std::to_string(cost.passes) + ",p=" + std::to_string(cost.lanes) + "$" +
         encode(salt) + "$" + encode(hash);
}

std::expected<bool, PasswordError> verify_password(std::string_view hash, BytesView password) {
  TRY(StoredHash stored, parse(hash));
  TRY(Bytes derived, derive(password, stored.salt, stored.hash.size(), stored.cost));
  return equal_in_constant_time(derived, stored.hash);
}

void verify_nothing(BytesView password, PasswordCost cost) {
  constexpr std::string_view salt = "nobody's 16 byte";
  [[maybe_unused]] auto result = derive(password, salt, k_hash_size, cost);
}

std::expected<PasswordCost, PasswordError> password_cost(std::string_view hash) {
  TRY(StoredHash stored, parse(hash));
  return stored.cost;
}

}  // namespace peregrine::crypto
