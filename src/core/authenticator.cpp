#include "core/authenticator.h"

#include "base/codec.h"
#include "base/log.h"

namespace peregrine::core {

Authenticator::Key Authenticator::remembered_key(const std::string& hash,
                                                 BytesView password) const {
  Bytes subject = Encoder().bytes(hash).bytes(password).take();
  crypto::Digest digest = crypto::hmac_sha256(secret_, subject);
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

net::Task<std::expected<AccountId, AuthError>> Authenticator::check(Bytes login_name,
                                                                    Secret password) {
  std::optional<AccountId> id = directory_.find_login(login_name);
  std::string hash;
  if (id) {
    auto stored = directory_.password_hash(*id);
    if (!stored) co_return std::unexpected(AuthError::try_later);
    hash = std::move(*stored);
    if (is_remembered(remembered_key(hash, password.reveal()))) co_return *id;
  }
  if (waiting_ >= limits_.most_waiting) co_return std::unexpected(AuthError::try_later);
  ++waiting_;
  // The job looks at this frame's password: the frame waits for it.
  BytesView plain = password.reveal();
  crypto::PasswordCost cost = limits_.cost;
  auto job = [hash, plain, cost]() -> std::expected<bool, crypto::PasswordError> {
    if (!hash.empty()) return crypto::verify_password(hash, plain);
    crypto::verify_nothing(plain, cost);
    return false;
  };
  auto verdict = co_await run_on(pool_, job);
  --waiting_;
  if (!verdict) {
    log_event(LogLevel::error, "auth.not_verified", {{"error", static_cast<int>(verdict.error())}});
    co_return std::unexpected(AuthError::try_later);
  }
  if (!*verdict) co_return std::unexpected(AuthError::bad_credentials);
  remember(remembered_key(hash, password.reveal()));
  co_return *id;
}

}  // namespace peregrine::core
