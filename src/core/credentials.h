#pragma once
// Credentials: what is kept of a password, as the settings ask for it: its Argon2id hash and its
// keys for SCRAM. Making them takes long: on a pool.

#include <expected>

#include "config/settings.h"
#include "crypto/password.h"
#include "directory/record.h"

namespace peregrine::core {

struct CredentialCost {
  crypto::PasswordCost argon2;
  std::uint32_t scram_iterations = 10000;
  bool has_scram_sha1 = true;
};

CredentialCost credential_cost(const config::Settings& settings);

std::expected<directory::Credentials, crypto::PasswordError> make_credentials(
    BytesView password, const CredentialCost& cost);

/// Whether they are what the settings ask for.
bool is_current(const directory::Credentials& stored, const CredentialCost& cost);
/// Makes anew what is not. `password` is the one that they are of.
std::expected<directory::Credentials, crypto::PasswordError> renew_credentials(
    const directory::Credentials& stored, BytesView password, const CredentialCost& cost);

}  // namespace peregrine::core
