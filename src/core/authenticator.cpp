#include "core/authenticator.h"

#include "base/codec.h"
#include "base/log.h"
#include "core/peer_prefix.h"

namespace peregrine::core {
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
  if (is_current(stored, cost)) co_return;
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
  std::string prefix = prefix_of(peer);
  if (is_full(prefix)) co_return std::unexpected(AuthError::try_later);
  Waiting counted(*this, std::move(prefix));
  if (id) same_.emplace(key, nullptr);
  auto verdict = co_await verify(stored.password_hash, password.reveal());
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
  co_await renew(*id, std::move(stored), password.reveal());
  co_return *id;
}

}  // namespace peregrine::core
