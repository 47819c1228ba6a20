#pragma once
// Scram: the server's part of SCRAM (RFC 5802) that needs secrets. begin() names salt and
// iterations, finish() checks the proof. A name without an account gets a salt that stays the same
// over time, from a key nobody knows, and the same answers, so that it cannot be told from an
// account (V33); with another number of iterations configured than an account's keys were made
// with, the number can tell, until the account's next login with its password. An exchange belongs
// to the channel that began it, is good for one proof, and ends after a while. For core's loop
// thread alone.

#include <chrono>
#include <expected>
#include <map>
#include <string>

#include "core/authenticator.h"
#include "crypto/scram.h"
#include "directory/directory.h"

namespace peregrine::core {

inline constexpr std::chrono::seconds k_scram_life{60};
inline constexpr std::size_t k_most_scram = 16384;
/// Of one IPv4 address or IPv6 /64 that is not this machine.
inline constexpr std::size_t k_most_scram_of_peer = 256;

class Scram {
 public:
  explicit Scram(directory::Directory& directory) : directory_(directory) {}

  /// For names without an account.
  void set_iterations(std::uint32_t iterations) { iterations_ = iterations; }

  struct Subject {
    std::uint64_t channel = 0;
    ConnectionId connection;
    Service service = Service::imap;
    std::string peer;
  };
  struct Attempt {
    crypto::ScramHash hash = crypto::ScramHash::sha256;
    Bytes login_name;
    Bytes client_nonce;
    Bytes client_first_bare;
  };
  struct Begun {
    std::uint64_t exchange = 0;
    Bytes server_first;
  };
  /// An earlier exchange of the connection ends.
  std::expected<Begun, AuthError> begin(const Subject& subject, const Attempt& attempt,
                                        Deadline now);

  struct Proved {
    Subject subject;
    AccountId account;
    Bytes server_signature;
  };
  /// Uses the exchange up. `bad_credentials` also for one that is not the channel's.
  std::expected<Proved, AuthError> finish(std::uint64_t channel, std::uint64_t exchange,
                                          BytesView client_final_without_proof, BytesView proof,
                                          Deadline now);

  void release_channel(std::uint64_t channel);
  [[nodiscard]] std::size_t open() const { return exchanges_.size(); }

 private:
  struct Exchange {
    Subject subject;
    std::string prefix;  ///< of the peer
    std::optional<AccountId> account;
    crypto::ScramKeys keys;
    Bytes messages;  ///< what AuthMessage begins with
    Deadline expires;
  };
  using Exchanges = std::map<std::uint64_t, Exchange>;
  using Connection = std::pair<std::uint64_t, ConnectionId>;

  [[nodiscard]] std::string subject_of(BytesView login_name, BytesView key) const;
  std::expected<crypto::ScramKeys, AuthError> keys_for(const Attempt& attempt,
                                                       std::optional<AccountId> account);
  Exchanges::iterator end(Exchanges::iterator exchange);
  void drop_expired(Deadline now);

  directory::Directory& directory_;
  std::uint32_t iterations_ = 10000;
  Exchanges exchanges_;
  std::map<Connection, std::uint64_t> by_connection_;
  std::map<std::string, std::size_t> by_prefix_;
  Deadline next_sweep_;
};

}  // namespace peregrine::core
