// What accounts are logged in to with: the password's own record, and the app passwords.
#include "base/log.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "directory/directory.h"

namespace peregrine::directory {
namespace {

constexpr std::size_t k_salt_key_bytes = 32;

/// The first key behind all of the account's.
Bytes app_password_end(AccountId account) {
  return app_password_key(account.next(), "");
}

}  // namespace

std::expected<Credentials, DirectoryError> Directory::credentials(AccountId account) const {
  TRY(AccountRecord record, read_account(account));
  return std::move(record.credentials);
}

std::expected<store::Sequence, DirectoryError> Directory::set_credentials(AccountId account,
                                                                          Credentials credentials) {
  if (!is_valid(credentials)) return std::unexpected(DirectoryError::bad_name);
  TRY(AccountRecord record, read_account(account));
  record.credentials = std::move(credentials);
  return write({{account_key(account), encode(record)}});
}

std::expected<store::Sequence, DirectoryError> Directory::add_app_password(
    AccountId account, const AppPassword& password) {
  if (!accounts_.contains(account)) return std::unexpected(DirectoryError::not_found);
  if (!is_app_password_name(password.name)) return std::unexpected(DirectoryError::bad_name);
  TRY(std::vector<Bytes> keys, app_password_keys(account));
  Bytes key = app_password_key(account, password.name);
  for (const Bytes& taken : keys) {
    if (taken == key) return std::unexpected(DirectoryError::exists);
  }
  if (keys.size() >= k_most_app_passwords) return std::unexpected(DirectoryError::over_limit);
  return write({{std::move(key), encode(password)}});
}

std::expected<store::Sequence, DirectoryError> Directory::remove_app_password(
    AccountId account, std::string_view name) {
  if (!accounts_.contains(account)) return std::unexpected(DirectoryError::not_found);
  Bytes key = app_password_key(account, name);
  auto present = store_.get(store::k_system_partition, key);
  if (!present) return std::unexpected(from_store(present.error()));
  if (name.empty() || !*present) return std::unexpected(DirectoryError::not_found);
  return write({{std::move(key), std::nullopt}});
}

std::expected<std::vector<Bytes>, DirectoryError> Directory::app_password_keys(
    AccountId account) const {
  std::vector<Bytes> out;
  auto scanned = store_.scan(store::k_system_partition, app_password_key(account, ""),
                             app_password_end(account), store::Scan::forward,
                             [&out](BytesView key, BytesView) {
                               out.emplace_back(key);
                               return true;
                             });
  if (!scanned) return std::unexpected(from_store(scanned.error()));
  return out;
}

std::expected<std::vector<AppPassword>, DirectoryError> Directory::app_passwords(
    AccountId account) const {
  std::vector<AppPassword> out;
  Bytes prefix = app_password_key(account, "");
  auto visit = [&](BytesView key, BytesView value) {
    auto password = decode_app_password(key.substr(prefix.size()), value);
    if (password) {
      out.push_back(*std::move(password));
    } else {
      log_event(LogLevel::error, "directory.damaged_record",
                {{"what", "app password"}, {"key", to_hex(key)}});
    }
    return true;
  };
  auto scanned = store_.scan(store::k_system_partition, prefix, app_password_end(account),
                             store::Scan::forward, visit);
  if (!scanned) return std::unexpected(from_store(scanned.error()));
  return out;
}

void Directory::note_use(AccountId account, const AppPassword& password, UnixTime now) {
  if (now.seconds - password.last_used.seconds < k_use_resolution) return;
  AppPassword used = password;
  used.last_used = {now.seconds - now.seconds % k_use_resolution};
  store::Commit commit;
  commit.partitions.push_back({store::k_system_partition,
                               std::nullopt,
                               {{app_password_key(account, used.name), encode(used)}}});
  if (auto written = store_.commit(commit)) return;
  log_event(LogLevel::warning, "directory.use_not_kept", {{"account", account.value}});
}

std::expected<Bytes, DirectoryError> Directory::salt_key() {
  auto stored = store_.get(store::k_system_partition, salt_key_key());
  if (!stored) return std::unexpected(from_store(stored.error()));
  if (*stored) {
    auto fields = fields_of(**stored);
    if (!fields || fields->size() != k_salt_key_bytes) {
      return std::unexpected(DirectoryError::corrupt);
    }
    return Bytes(*fields);
  }
  Bytes key = crypto::random_bytes(k_salt_key_bytes);
  Encoder record = begin_record(1);
  record.raw(key);
  TRY_VOID(write({{salt_key_key(), record.take()}}));
  return key;
}

}  // namespace peregrine::directory
