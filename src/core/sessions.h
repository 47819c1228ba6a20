#pragma once
// Sessions: who is logged in on which connection. A ticket proves that login authenticated an
// account on a connection; it is good once, for that connection and service, for a short time. The
// session made from it belongs to the channel that redeemed it and ends with that channel.
// For core's loop thread alone.

#include <chrono>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/ids.h"
#include "model/service.h"

namespace peregrine::core {

inline constexpr std::chrono::seconds k_ticket_life{30};
inline constexpr std::size_t k_ticket_bytes = 32;
/// Tickets under way at a time: more are refused, so that login cannot fill core's memory.
inline constexpr std::size_t k_max_tickets = 65536;

class Sessions {
 public:
  /// Nothing when too many tickets are under way.
  std::optional<Bytes> issue_ticket(AccountId account, ConnectionId connection, Service service,
                                    Deadline now);

  struct Redeemed {
    SessionId session;
    AccountId account;
  };
  /// The ticket is used up also when it was shown for another connection or service.
  std::optional<Redeemed> redeem(BytesView ticket, ConnectionId connection, Service service,
                                 std::uint64_t channel, Deadline now);

  /// The session's account, if the session is this channel's.
  [[nodiscard]] std::optional<AccountId> account_of(SessionId session, std::uint64_t channel) const;
  /// False when there is no such session on the channel.
  bool release(SessionId session, std::uint64_t channel);
  /// Ends all of an account's sessions, on whatever channel, and its tickets; answers the sessions.
  std::vector<Redeemed> release_account(AccountId account);
  /// Ends all of a channel's sessions; answers them, for what they hold elsewhere.
  std::vector<Redeemed> release_channel(std::uint64_t channel);
  [[nodiscard]] std::size_t open() const { return sessions_.size(); }

 private:
  struct Ticket {
    AccountId account;
    ConnectionId connection;
    Service service = Service::imap;
    Deadline expires;
  };
  struct Session {
    AccountId account;
    std::uint64_t channel = 0;
  };
  void drop_expired(Deadline now);

  // Named by the SHA-256 of the ticket: a look-up's time says nothing about the ticket itself.
  std::map<Bytes, Ticket> tickets_;
  std::unordered_map<SessionId, Session> sessions_;
};

}  // namespace peregrine::core
