#include "core/authenticator.h"

#include "base/codec.h"
#include "base/log.h"
#include "core/network.h"

namespace peregrine::core {
namespace {

/// How long a network is familiar to an account after a login.
constexpr std::chrono::hours k_familiar_time{24 * 7};
constexpr std::size_t k_most_familiar = 65536;

/// Where a login comes from.
struct Origin {
  std::string network;  ///< empty for what is no address
  bool is_loopback = false;
};

Origin origin_of(const std::string& peer) {
  auto address = sys::SocketAddress::parse_ip(peer, 0);
  if (!address) return {};
  return {network_text(*network_of(peer)), address->is_loopback()};
}

std::size_t most_of(const Origin& origin, const AuthLimits& limits) {
  if (origin.network.empty()) return limits.most_waiting;
  return origin.is_loopback ? limits.most_waiting_of_loopback : limits.most_waiting_of_peer;
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
  auto stored = directory_.credentials(account);
  return stored && stored->password_hash == hash;
}

net::Task<std::expected<bool, crypto::PasswordError>> Authenticator::verify(std::string hash,
                                                                            BytesView password) {
  crypto::PasswordCost cost = limits_.cost.argon2;
  auto job = [&hash, password, cost]() -> std::expected<bool, crypto::PasswordError> {
    if (!hash.empty()) return crypto::verify_password(hash, password);
    crypto::verify_nothing(password, cost);
    return false;
  };
  auto verdict = co_await run_on(pool_, job);
  co_return verdict;
}

net::Task<void> Authenticator::renew(AccountId account, directory::Credentials stored,
                                     BytesView password) {
  CredentialCost cost = limits_.cost;
  if (core::is_current(stored, cost)) co_return;
  auto job = [&stored, password, cost] { return renew_credentials(stored, password, cost); };
  auto fresh = co_await run_on(pool_, job);
  // The password may have been changed meanwhile.
  auto present = directory_.credentials(account);
  if (!fresh || !present || *present != stored) co_return;
  auto set = directory_.set_credentials(account, *fresh);
  if (!set) co_return;
  remember(remembered_key(fresh->password_hash, password));
  log_event(LogLevel::info, "auth.hash_renewed", {{"account", account.value}});
}

bool Authenticator::is_app_password(AccountId account, BytesView password, Service service) {
  // Whatever a person chose does not look like one, and costs no read.
  auto characters = directory::read_app_password(password);
  if (!characters) return false;
  auto stored = directory_.app_passwords(account);
  if (!stored) return false;
  bool is_found = false;
  directory::AppProtocols protocol = directory::app_protocol_of(service);
  for (const directory::AppPassword& each : *stored) {
    bool is_right = directory::is_right(each, *characters) && (each.protocols & protocol) != 0;
    if (!is_right) continue;
    is_found = true;
    directory_.note_use(account, each, wall_now());
  }
  explicit_bzero(characters->data(), characters->size());
  return is_found;
}

net::Task<std::expected<AccountId, AuthError>> Authenticator::check(Bytes login_name,
                                                                    Secret password,
                                                                    Service service,
                                                                    std::string peer) {
  std::optional<AccountId> id = directory_.find_login(login_name);
  directory::Credentials stored;
  Key key;
  if (id) {
    auto read = directory_.credentials(*id);
    if (!read) co_return std::unexpected(AuthError::try_later);
    stored = std::move(*read);
    key = remembered_key(stored.password_hash, password.reveal());
    if (is_remembered(key)) co_return *id;
    if (is_app_password(*id, password.reveal(), service)) co_return *id;
    if (same_.contains(key)) {
      net::Waiter* slot = nullptr;
      same_.emplace(key, &slot);
      net::WaitResult verdict = co_await net::WaitFor(pool_.loop(), slot, Deadline::max());
      if (verdict == net::WaitResult::ready) co_return *id;
      co_return std::unexpected(verdict == net::WaitResult::cancelled ? AuthError::bad_credentials
                                                                      : AuthError::try_later);
    }
  }
  Origin origin = origin_of(peer);
  bool is_known = id && is_familiar(*id, origin.network);
  if (id) same_.emplace(key, nullptr);
  bool may_go = co_await queue_.enter(
      origin.network, is_known ? AuthQueue::Standing::known : AuthQueue::Standing::stranger,
      most_of(origin, limits_));
  if (!may_go) {
    if (id) finish_same(key, net::WaitResult::timed_out);
    co_return std::unexpected(AuthError::try_later);
  }
  auto verdict = co_await verify(stored.password_hash, password.reveal());
  if (verdict && *verdict && !is_current(*id, stored.password_hash)) {
    // The account was removed meanwhile, or has another password, or the same one hashed anew.
    stored = directory_.credentials(*id).value_or(directory::Credentials());
    verdict = co_await verify(stored.password_hash, password.reveal());
  }
  bool is_right = verdict && *verdict && is_current(*id, stored.password_hash);
  if (is_right) {
    remember(key);
    become_familiar(*id, origin.network);
  }
  if (id) {
    finish_same(key, is_right  ? net::WaitResult::ready
                     : verdict ? net::WaitResult::cancelled
                               : net::WaitResult::timed_out);
  }
  queue_.leave(origin.network, is_right ? AuthQueue::Outcome::right : AuthQueue::Outcome::wrong);
  if (!verdict) {
    log_event(LogLevel::error, "auth.not_verified", {{"error", static_cast<int>(verdict.error())}});
    co_return std::unexpected(AuthError::try_later);
  }
  if (!is_right) co_return std::unexpected(AuthError::bad_credentials);
  co_await renew(*id, std::move(stored), password.reveal());
  co_return *id;
}

}  // namespace peregrine::core
