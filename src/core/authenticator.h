#pragma once
// Authenticator: is this a password of the account? First what is cheap: a short memory of
// passwords that were right, as keyed digests, and app passwords, which have a form of their own.
// Then Argon2id on the pool: once for whatever is wrong, also for an account that does not exist
// (V33), in the order of the AuthQueue and within its bounds (V34). When the settings ask for other
// credentials than are stored (another cost, keys for SCRAM), they are made anew from a password
// that was right. For core's loop thread alone.

#include <chrono>
#include <map>

#include "base/secret.h"
#include "core/auth_queue.h"
#include "core/credentials.h"
#include "core/pool.h"
#include "crypto/hash.h"
#include "directory/directory.h"

namespace peregrine::core {

struct AuthLimits {
  CredentialCost cost;
  std::chrono::milliseconds cache_time{0};
  std::size_t most_waiting = 256;  ///< verifications queued or running
  /// The same for one IPv4 address or IPv6 /64.
  std::size_t most_waiting_of_peer = 16;
  /// The same for an address of this machine, where a webmail has many clients behind it.
  std::size_t most_waiting_of_loopback = 128;
  std::size_t most_remembered = 65536;
};

enum class AuthError : std::uint8_t { bad_credentials, try_later };

class Authenticator {
 public:
  Authenticator(Pool& pool, directory::Directory& directory, const AuthLimits& limits)
      : pool_(pool),
        directory_(directory),
        limits_(limits),
        queue_(pool.loop(), {.running = pool.threads(), .in_all = limits.most_waiting}) {}

  void set_limits(const AuthLimits& limits) { limits_ = limits; }

  /// `login_name`: an address, or a local part that is unique here. `peer`: an IP address, or empty
  /// when there is none.
  net::Task<std::expected<AccountId, AuthError>> check(Bytes login_name, Secret password,
                                                       Service service, std::string peer = {});

 private:
  using Key = Bytes;
  [[nodiscard]] Key remembered_key(const std::string& hash, BytesView password) const;
  [[nodiscard]] bool is_remembered(const Key& key);
  void remember(Key key);
  /// Ready: right; cancelled: wrong; timed out: not known.
  void finish_same(const Key& key, net::WaitResult verdict);
  /// A right password for the account has come from the network before.
  [[nodiscard]] bool is_familiar(AccountId account, const std::string& network) const;
  void become_familiar(AccountId account, const std::string& network);
  /// False when the password that was verified is no longer the account's.
  [[nodiscard]] bool is_current(AccountId account, const std::string& hash) const;
  /// Whether `hash`, empty for nobody's, is of `password`, which lives until the task is done.
  net::Task<std::expected<bool, crypto::PasswordError>> verify(std::string hash,
                                                               BytesView password);
  net::Task<void> renew(AccountId account, directory::Credentials stored, BytesView password);
  [[nodiscard]] bool is_app_password(AccountId account, BytesView password, Service service);

  Pool& pool_;
  directory::Directory& directory_;
  AuthLimits limits_;
  Bytes secret_ = crypto::random_bytes(32);
  AuthQueue queue_;
  std::map<std::pair<AccountId, std::string>, Deadline> familiar_;  ///< until when
  // The key covers the stored hash: a changed password finds nothing here.
  std::map<Key, Deadline> remembered_;
  /// The same password of the same account, while it is being verified: one verification is enough
  /// when many connections log in at once.
  std::multimap<Key, net::Waiter**> same_;
};

}  // namespace peregrine::core
