#pragma once
// Attempts: the logins of one connection, whatever its protocol. It asks core, makes a client that
// guesses wait longer each time, and says when enough is enough.

#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "net/task.h"
#include "proto/sasl/sasl.h"
#include "role/worker.h"

namespace peregrine::login {

/// Wrong credentials after which a connection is closed.
inline constexpr unsigned k_max_failures = 3;

enum class Outcome : std::uint8_t {
  ok,
  wrong,        ///< also for a name that does not exist, and for acting as somebody else
  unavailable,  ///< nothing was found out: try again later
};

struct Verdict {
  Outcome outcome = Outcome::unavailable;
  Bytes ticket;  ///< of ok
};

/// Whether a client's first bytes are of another protocol (V15). Names and passwords may hold
/// UTF-8, so bytes that are not ASCII only count where a command would begin.
bool is_foreign(BytesView first_bytes);

/// Whether a password may be asked for here at all (RFC 9051 section 6.2.3, RFC 2595 section 2.2).
bool may_log_in(const role::Worker& worker, const rpc::OpenConnection& facts);
/// Whether the client can be told to begin TLS.
bool may_begin_tls(const role::Worker& worker, const rpc::OpenConnection& facts);

/// What of the connection the mechanisms depend on.
sasl::Context sasl_context(const role::Worker& worker, const rpc::OpenConnection& facts);

/// Counts the connection's client as one that broke rules, and logs what it did.
void note_offence(role::Connection& connection, std::string_view what);

/// The pause before the answer to the given failure, the first being 1.
std::chrono::milliseconds pause_after(unsigned failures);

class Attempts {
 public:
  /// Both must outlive it.
  Attempts(role::Worker& worker, const rpc::OpenConnection& facts)
      : worker_(worker), facts_(facts) {}

  net::Task<Verdict> check(sasl::PasswordLogin login);

  struct ScramBegun {
    std::uint64_t exchange = 0;
    Bytes server_first;
  };
  struct ScramProved {
    Bytes ticket;
    Bytes server_signature;
  };
  /// The two calls of SCRAM. Say conclude() at the end of the exchange.
  net::Task<std::expected<ScramBegun, Outcome>> begin_scram(sasl::ScramStart start);
  net::Task<std::expected<ScramProved, Outcome>> finish_scram(std::uint64_t exchange,
                                                              sasl::ScramProof proof);
  /// Logs the outcome, and makes a client that was wrong wait.
  net::Task<void> conclude(std::string name, Outcome outcome);
  [[nodiscard]] bool is_spent() const { return failures_ >= k_max_failures; }

 private:
  role::Worker& worker_;
  const rpc::OpenConnection& facts_;
  unsigned failures_ = 0;
};

}  // namespace peregrine::login
