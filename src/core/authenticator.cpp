#include "core/authenticator.h"

#include <arpa/inet.h>
#include <array>

#include "base/codec.h"
#include "base/log.h"

namespace peregrine::core {
namespace {

/// How long a network is familiar to an account after a login.
constexpr std::chrono::hours k_familiar_time{24 * 7};
constexpr std::size_t k_most_familiar = 65536;

/// What counts as one: an IPv4 address or an IPv6 /64, but of this machine.
struct Network {
  std::string name;  ///< empty for what is no address
  bool is_loopback = false;
};

Network network_of(const std::string& peer) {
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, peer.c_str(), bytes.data()) == 1) {
    return {std::string(bytes.data(), 4), bytes[0] == 127};
  }
  if (::inet_pton(AF_INET6, peer.c_str(), bytes.data()) != 1) return {};
  std::array<char, 16> loopback{};
  loopback[15] = 1;
  return {std::string(bytes.data(), 8), bytes == loopback};
}

std::size_t most_of(const Network& network, const AuthLimits& limits) {
  if (network.name.empty()) return limits.most_waiting;
  return network.is_loopback ? limits.most_waiting_of_loopback : limits.most_waiting_of_peer;
}

}  // namespace

Authenticator::Key Authenticator::remembered_key(const std::string& hash,
                                                 BytesView password) const {
  Bytes subject = Encoder().bytes(hash).bytes(password).take();
  crypto::Digest digest = crypto::hmac_sha256(secret_, subject);
  explicit_bzero(subject.data(), subject.size());
  return Key(crypto::view(digest));
}

bool Authenticator::is_remembered(const Key& key) {
  auto found = remembered_.find(key);
  if (found == remembered_.end()) return false;
  if (found->second > Monotonic::now()) return true;
  remembered_.erase(found);
  return false;
}

void Authenticator::remember(Key key) {
  if (limits_.cache_time.count() == 0) return;
  Deadline now = Monotonic::now();
  if (remembered_.size() >= limits_.most_remembered) {
    std::erase_if(remembered_, [now](const auto& entry) { return entry.second <= now; });
  }
  if (remembered_.size() >= limits_.most_remembered) remembered_.clear();
  remembered_.insert_or_assign(std::move(key), now + limits_.cache_time);
}

void Authenticator::finish_same(const Key& key, net::WaitResult verdict) {
  auto [first, last] = same_.equal_range(key);
  std::vector<net::Waiter**> slots;
  for (auto it = first; it != last; ++it) {
    if (it->second != nullptr) slots.push_back(it->second);
  }
  same_.erase(first, last);
  for (net::Waiter** slot : slots) (*slot)->finish(verdict);
}

bool Authenticator::is_familiar(AccountId account, const std::string& network) const {
  auto found = familiar_.find({account, network});
  return found != familiar_.end() && found->second > Monotonic::now();
}

void Authenticator::become_familiar(AccountId account, const std::string& network) {
  if (network.empty()) return;
  Deadline now = Monotonic::now();
  if (familiar_.size() >= k_most_familiar) {
    std::erase_if(familiar_, [now](const auto& entry) { return entry.second <= now; });
  }
  if (familiar_.size() >= k_most_familiar) familiar_.clear();
  familiar_.insert_or_assign({account, network}, now + k_familiar_time);
}

bool Authenticator::is_current(AccountId account, const std::string& hash) const {
  auto stored = directory_.password_hash(account);
  return stored && *stored == hash;
}

net::Task<std::expected<bool, crypto::PasswordError>> Authenticator::verify(std::string hash,
                                                                            BytesView password) {
  crypto::PasswordCost cost = limits_.cost;
  auto job = [&hash, password, cost]() -> std::expected<bool, crypto::PasswordError> {
    if (!hash.empty()) return crypto::verify_password(hash, password);
    crypto::verify_nothing(password, cost);
    return false;
  };
  auto verdict = co_await run_on(pool_, job);
  co_return verdict;
}

net::Task<void> Authenticator::renew(AccountId account, std::string hash, BytesView password) {
  crypto::PasswordCost cost = limits_.cost;
  auto present = crypto::password_cost(hash);
  if (!present || *present == cost) co_return;
  auto job = [password, cost] { return crypto::hash_password(password, cost); };
  auto fresh = co_await run_on(pool_, job);
  // The password may have been changed meanwhile.
  auto stored = directory_.password_hash(account);
  if (!fresh || !stored || *stored != hash) co_return;
  auto set = directory_.set_password_hash(account, *fresh);
  if (!set) co_return;
  remember(remembered_key(*fresh, password));
  log_event(LogLevel::info, "auth.hash_renewed", {{"account", account.value}});
}

net::Task<std::expected<AccountId, AuthError>> Authenticator::check(Bytes login_name,
                                                                    Secret password,
                                                                    std::string peer) {
  std::optional<AccountId> id = directory_.find_login(login_name);
  std::string hash;
  Key key;
  if (id) {
    auto stored = directory_.password_hash(*id);
    if (!stored) co_return std::unexpected(AuthError::try_later);
    hash = std::move(*stored);
    key = remembered_key(hash, password.reveal());
    if (is_remembered(key)) co_return *id;
    if (same_.contains(key)) {
      net::Waiter* slot = nullptr;
      same_.emplace(key, &slot);
      net::WaitResult verdict = co_await net::WaitFor(pool_.loop(), slot, Deadline::max());
      if (verdict == net::WaitResult::ready) co_return *id;
      co_return std::unexpected(verdict == net::WaitResult::cancelled ? AuthError::bad_credentials
                                                                      : AuthError::try_later);
    }
  }
  Network network = network_of(peer);
  bool is_known = id && is_familiar(*id, network.name);
  if (id) same_.emplace(key, nullptr);
  bool may_go = co_await queue_.enter(
      network.name, is_known ? AuthQueue::Standing::known : AuthQueue::Standing::stranger,
      most_of(network, limits_));
  if (!may_go) {
    if (id) finish_same(key, net::WaitResult::timed_out);
    co_return std::unexpected(AuthError::try_later);
  }
  auto verdict = co_await verify(hash, password.reveal());
  if (verdict && *verdict && !is_current(*id, hash)) {
    // The account was removed meanwhile, or has another password, or the same one hashed anew.
    hash = directory_.password_hash(*id).value_or(std::string());
    verdict = co_await verify(hash, password.reveal());
  }
  bool is_right = verdict && *verdict && is_current(*id, hash);
  if (is_right) {
    remember(key);
    become_familiar(*id, network.name);
  }
  if (id) {
    finish_same(key, is_right  ? net::WaitResult::ready
                     : verdict ? net::WaitResult::cancelled
                               : net::WaitResult::timed_out);
  }
  queue_.leave(network.name, is_right ? AuthQueue::Outcome::right : AuthQueue::Outcome::wrong);
  if (!verdict) {
    log_event(LogLevel::error, "auth.not_verified", {{"error", static_cast<int>(verdict.error())}});
    co_return std::unexpected(AuthError::try_later);
  }
  if (!is_right) co_return std::unexpected(AuthError::bad_credentials);
  co_await renew(*id, hash, password.reveal());
  co_return *id;
}

}  // namespace peregrine::core
