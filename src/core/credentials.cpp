#include "core/credentials.h"

#include <algorithm>
#include <string.h>

#include "base/result.h"
#include "crypto/hash.h"
#include "text/saslprep.h"

namespace peregrine::core {
namespace {

using crypto::ScramHash;
using crypto::ScramKeys;

std::vector<ScramKeys> make_scram(BytesView password, const CredentialCost& cost) {
  // RFC 5802 section 2.2: the password is prepared. One that SASLprep refuses is taken as it is, as
  // clients do that have no SASLprep, or fall back in the same way.
  std::string prepared = text::saslprep(password).value_or(std::string(password));
  std::vector<ScramKeys> out;
  for (ScramHash hash : {ScramHash::sha1, ScramHash::sha256}) {
    if (hash == ScramHash::sha1 && !cost.has_scram_sha1) continue;
    out.push_back(crypto::derive_scram_keys(
        hash, prepared, crypto::random_bytes(crypto::k_scram_salt), cost.scram_iterations));
  }
  explicit_bzero(prepared.data(), prepared.size());
  return out;
}

bool is_hash_current(const directory::Credentials& stored, const CredentialCost& cost) {
  auto present = crypto::password_cost(stored.password_hash);
  return !present || *present == cost.argon2;
}

bool is_scram_current(const directory::Credentials& stored, const CredentialCost& cost) {
  std::size_t wanted = cost.has_scram_sha1 ? 2 : 1;
  return stored.scram.size() == wanted &&
         std::ranges::all_of(stored.scram, [&](const ScramKeys& keys) {
           return keys.iterations == cost.scram_iterations &&
                  (keys.hash != ScramHash::sha1 || cost.has_scram_sha1);
         });
}

}  // namespace

CredentialCost credential_cost(const config::Settings& settings) {
  return {.argon2 = {.memory_kib = static_cast<std::uint32_t>(settings.auth.argon2_memory / 1024),
                     .passes = settings.auth.argon2_passes},
          .scram_iterations = settings.auth.scram_iterations,
          .has_scram_sha1 = settings.auth.scram_sha1};
}

std::expected<directory::Credentials, crypto::PasswordError> make_credentials(
    BytesView password, const CredentialCost& cost) {
  TRY(std::string hash, crypto::hash_password(password, cost.argon2));
  return directory::Credentials(std::move(hash), make_scram(password, cost));
}

bool is_current(const directory::Credentials& stored, const CredentialCost& cost) {
  return is_hash_current(stored, cost) && is_scram_current(stored, cost);
}

std::expected<directory::Credentials, crypto::PasswordError> renew_credentials(
    const directory::Credentials& stored, BytesView password, const CredentialCost& cost) {
  directory::Credentials out = stored;
  if (!is_hash_current(stored, cost)) {
    TRY(out.password_hash, crypto::hash_password(password, cost.argon2));
  }
  if (!is_scram_current(stored, cost)) out.scram = make_scram(password, cost);
  return out;
}

}  // namespace peregrine::core
