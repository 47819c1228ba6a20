#include "core/authenticator.h"

#include <arpa/inet.h>
#include <array>

#include "base/codec.h"
#include "base/log.h"

namespace peregrine::core {
namespace {

/// What shares a bound: an IPv4 address or an IPv6 /64. Empty for this machine, which has none.
std::string prefix_of(const std::string& peer) {
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, peer.c_str(), bytes.data()) == 1) {
    return bytes[0] == 127 ? std::string() : std::string(bytes.data(), 4);
  }
  if (::inet_pton(AF_INET6, peer.c_str(), bytes.data()) != 1) return {};
  std::array<char, 16> loopback{};
  loopback[15] = 1;
  return bytes == loopback ? std::string() : std::string(bytes.data(), 8);
}

}  // namespace

/// Counts one verification for as long as it lives.
class Authenticator::Waiting {
 public:
  Waiting(Authenticator& owner, std::string prefix) : owner_(owner), prefix_(std::move(prefix)) {
    ++owner_.waiting_;
    if (!prefix_.empty()) ++owner_.waiting_peers_[prefix_];
  }
  ~Waiting() {
    --owner_.waiting_;
    if (!prefix_.empty() && --owner_.waiting_peers_[prefix_] == 0) {
      owner_.waiting_peers_.erase(prefix_);
    }
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Authenticator& owner_;
  std::string prefix_;
};

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

bool Authenticator::is_full(const std::string& prefix) const {
  if (waiting_ >= limits_.most_waiting) return true;
  auto found = waiting_peers_.find(prefix);
  return found != waiting_peers_.end() && found->second >= limits_.most_waiting_of_peer;
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
  std::string prefix = prefix_of(peer);
  if (is_full(prefix)) co_return std::unexpected(AuthError::try_later);
  Waiting counted(*this, std::move(prefix));
  if (id) same_.emplace(key, nullptr);
  auto verdict = co_await verify(hash, password.reveal());
  bool is_right = verdict && *verdict;
  if (is_right) remember(key);
  if (id) {
    finish_same(key, is_right  ? net::WaitResult::ready
                     : verdict ? net::WaitResult::cancelled
                               : net::WaitResult::timed_out);
  }
  if (!verdict) {
    log_event(LogLevel::error, "auth.not_verified", {{"error", static_cast<int>(verdict.error())}});
    co_return std::unexpected(AuthError::try_later);
  }
  if (!is_right) co_return std::unexpected(AuthError::bad_credentials);
  co_await renew(*id, hash, password.reveal());
  co_return *id;
}

}  // namespace peregrine::core
