#pragma once
// Authenticator: is this the account's password? Argon2id on the pool, the same work for an account
// that does not exist (V33), a bound on how many run at a time (V34), and a short memory of
// passwords that were right, as keyed digests. For core's loop thread alone.

#include <chrono>
#include <map>

#include "base/secret.h"
#include "core/pool.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "directory/directory.h"

namespace peregrine::core {

struct AuthLimits {
  crypto::PasswordCost cost;
  std::chrono::milliseconds cache_time{0};
  std::size_t most_waiting = 256;  ///< verifications queued or running
  std::size_t most_remembered = 65536;
};

enum class AuthError : std::uint8_t { bad_credentials, try_later };

class Authenticator {
 public:
  Authenticator(Pool& pool, directory::Directory& directory, const AuthLimits& limits)
      : pool_(pool), directory_(directory), limits_(limits) {}

  void set_limits(const AuthLimits& limits) { limits_ = limits; }

  /// `login_name`: an address, or a local part that is unique here.
  net::Task<std::expected<AccountId, AuthError>> check(Bytes login_name, Secret password);

 private:
  using Key = Bytes;
  [[nodiscard]] Key remembered_key(const std::string& hash, BytesView password) const;
  [[nodiscard]] bool is_remembered(const Key& key);
  void remember(Key key);

  Pool& pool_;
  directory::Directory& directory_;
  AuthLimits limits_;
  Bytes secret_ = crypto::random_bytes(32);
  std::size_t waiting_ = 0;
  // The key covers the stored hash: a changed password finds nothing here.
  std::map<Key, Deadline> remembered_;
};

}  // namespace peregrine::core
