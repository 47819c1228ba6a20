#include "core/sessions.h"

#include "crypto/hash.h"

namespace peregrine::core {
namespace {

Bytes name_of(BytesView ticket) {
  crypto::Digest digest = crypto::sha256(ticket);
  return Bytes(crypto::view(digest));
}

}  // namespace

void Sessions::drop_expired(Deadline now) {
  std::erase_if(tickets_, [now](const auto& entry) { return entry.second.expires <= now; });
}

std::optional<Bytes> Sessions::issue_ticket(AccountId account, ConnectionId connection,
                                            Service service, Deadline now) {
  if (tickets_.size() >= k_max_tickets) drop_expired(now);
  if (tickets_.size() >= k_max_tickets) return std::nullopt;
  Bytes ticket = crypto::random_bytes(k_ticket_bytes);
  tickets_.emplace(name_of(ticket), Ticket{account, connection, service, now + k_ticket_life});
  return ticket;
}

std::optional<Sessions::Redeemed> Sessions::redeem(BytesView ticket, ConnectionId connection,
                                                   Service service, std::uint64_t channel,
                                                   Deadline now) {
  auto found = tickets_.find(name_of(ticket));
  if (found == tickets_.end()) return std::nullopt;
  Ticket held = found->second;
  tickets_.erase(found);
  if (held.expires <= now || held.connection != connection || held.service != service) {
    return std::nullopt;
  }
  SessionId session(crypto::random_u64());
  while (session.is_none() || sessions_.contains(session)) {
    session = SessionId(crypto::random_u64());
  }
  sessions_.emplace(session, Session{held.account, channel});
  return Redeemed{session, held.account};
}

std::optional<AccountId> Sessions::account_of(SessionId session, std::uint64_t channel) const {
  auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.channel != channel) return std::nullopt;
  return found->second.account;
}

bool Sessions::release(SessionId session, std::uint64_t channel) {
  if (!account_of(session, channel)) return false;
  sessions_.erase(session);
  return true;
}

std::vector<Sessions::Redeemed> Sessions::release_account(AccountId account) {
  std::erase_if(tickets_, [account](const auto& entry) { return entry.second.account == account; });
  std::vector<Redeemed> ended;
  for (const auto& [id, session] : sessions_) {
    if (session.account == account) ended.push_back({id, account});
  }
  for (const Redeemed& session : ended) sessions_.erase(session.session);
  return ended;
}

std::vector<Sessions::Redeemed> Sessions::release_channel(std::uint64_t channel) {
  std::vector<Redeemed> ended;
  for (const auto& [id, session] : sessions_) {
    if (session.channel == channel) ended.push_back({id, session.account});
  }
  for (const Redeemed& session : ended) sessions_.erase(session.session);
  return ended;
}

}  // namespace peregrine::core
