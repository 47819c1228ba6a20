#include "directory/directory.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::directory {
namespace {

std::string local_of(const Address& address) {
  std::string key = address.key();
  key.resize(key.rfind('@'));
  return key;
}

template <class Map, class Key>
auto* find_in(Map& map, const Key& key) {
  auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

DirectoryError from_store(store::StoreError error) {
  switch (error) {
    case store::StoreError::no_space:
      return DirectoryError::no_space;
    case store::StoreError::corrupt:
      return DirectoryError::corrupt;
    case store::StoreError::newer_format:
      return DirectoryError::newer_format;
    case store::StoreError::not_found:
      return DirectoryError::not_found;
    case store::StoreError::conflict:
    case store::StoreError::io:
    case store::StoreError::in_use:
      break;
  }
  return DirectoryError::io;
}

std::expected<std::unique_ptr<Directory>, DirectoryError> Directory::open(store::Store& store,
                                                                          const Options& options) {
  auto directory = std::make_unique<Directory>(Private{}, store, options);
  TRY_VOID(directory->load());
  return directory;
}

std::expected<void, DirectoryError> Directory::load() {
  auto header = store_.get(store::k_system_partition, header_key());
  if (!header) return std::unexpected(from_store(header.error()));
  if (*header) {
    auto record = decode_header(**header);
    // Without it an account id could be given out twice: nothing works until it is restored.
    if (!record) {
      return std::unexpected(record.error() == RecordError::newer_format
                                 ? DirectoryError::newer_format
                                 : DirectoryError::corrupt);
    }
    header_ = *record;
  }
  for (KeyFamily family : {KeyFamily::domain, KeyFamily::account, KeyFamily::alias}) {
    auto scanned = store_.scan(store::k_system_partition, family_prefix(family), family_end(family),
                               store::Scan::forward, [&](BytesView key, BytesView value) {
                                 load_record(family, key, value);
                                 return true;
                               });
    if (scanned) continue;
    if (scanned.error() != store::StoreError::corrupt) {
      return std::unexpected(from_store(scanned.error()));
    }
    // The store has named the records that it left out.
    damaged_ = true;
    if (family == KeyFamily::domain) domains_damaged_ = true;
  }
  return {};
}

void Directory::load_record(KeyFamily family, BytesView key, BytesView value) {
  BytesView name = key.substr(family_prefix(family).size());
  if (family == KeyFamily::domain) {
    auto record = decode_domain(value);
    if (!record) note_damage("domain", key);
    // The name is the key: a domain whose record is damaged is still ours.
    domains_.emplace(std::string(name), record.value_or(DomainRecord{}));
  } else if (family == KeyFamily::account) {
    Decoder in(name);
    AccountId id(in.fixed64());
    auto record = decode_account(value);
    if (!in.done() || id.is_none() || id >= header_.next_account || !record ||
        by_address_.contains(record->address.key())) {
      note_damage("account", key);
      return;
    }
    index_account({id, std::move(record->address), record->quota, record->created});
  } else {
    auto record = decode_alias(value);
    if (!record || record->source.key() != name || by_address_.contains(name)) {
      note_damage("alias", key);
      return;
    }
    aliases_.emplace(std::string(name), *std::move(record));
  }
}

void Directory::note_damage(std::string_view what, BytesView key) {
  damaged_ = true;
  log_event(LogLevel::error, "directory.damaged_record", {{"what", what}, {"key", to_hex(key)}});
}

void Directory::index_account(const AccountInfo& info) {
  by_address_.emplace(info.address.key(), info.id);
  by_local_[local_of(info.address)].push_back(info.id);
  accounts_.emplace(info.id, info);
}

std::expected<store::Sequence, DirectoryError> Directory::write(std::vector<store::Write> writes) {
  store::Commit commit;
  commit.partitions.push_back({store::k_system_partition, std::nullopt, std::move(writes)});
  auto sequence = store_.commit(commit);
  if (!sequence) return std::unexpected(from_store(sequence.error()));
  last_sequence_ = *sequence;
  return *sequence;
}

std::expected<store::Sequence, DirectoryError> Directory::add_domain(const std::string& domain) {
  auto canonical = canonical_domain(domain);
  if (!canonical) return std::unexpected(DirectoryError::bad_name);
  if (domains_.contains(*canonical)) return std::unexpected(DirectoryError::exists);
  DomainRecord record{wall_now()};
  TRY(store::Sequence sequence, write({{domain_key(*canonical), encode(record)}}));
  domains_.emplace(*std::move(canonical), record);
  return sequence;
}

std::expected<store::Sequence, DirectoryError> Directory::remove_domain(const std::string& domain) {
  auto canonical = canonical_domain(domain);
  if (!canonical || !domains_.contains(*canonical)) {
    return std::unexpected(DirectoryError::not_found);
  }
  bool used = std::ranges::any_of(
                  accounts_,
                  [&](const auto& entry) { return entry.second.address.domain() == *canonical; }) ||
              std::ranges::any_of(aliases_, [&](const auto& entry) {
                return entry.second.source.domain() == *canonical;
              });
  // A record that could not be read may belong to any domain.
  if (used || damaged_) return std::unexpected(DirectoryError::not_empty);
  TRY(store::Sequence sequence, write({{domain_key(*canonical), std::nullopt}}));
  domains_.erase(*canonical);
  return sequence;
}

std::vector<std::string> Directory::domains() const {
  std::vector<std::string> out;
  for (const auto& [domain, record] : domains_) out.push_back(domain);
  return out;
}

bool Directory::is_local_domain(std::string_view domain) const {
  return domains_.contains(domain);
}

std::expected<Committed<AccountId>, DirectoryError> Directory::add_account(const Address& address,
                                                                           Credentials credentials,
                                                                           const Quota& quota) {
  if (!is_local_domain(address.domain())) return std::unexpected(DirectoryError::unknown_domain);
  if (address.local() == "*" || address.local().empty() || !is_valid(credentials)) {
    return std::unexpected(DirectoryError::bad_name);
  }
  std::string key = address.key();
  if (by_address_.contains(key) || aliases_.contains(key)) {
    return std::unexpected(DirectoryError::exists);
  }
  AccountId id = header_.next_account;
  HeaderRecord header = header_;
  header.next_account = id.next();
  AccountRecord record{address, std::move(credentials), quota, wall_now()};
  TRY(store::Sequence sequence,
      write({{header_key(), encode(header)}, {account_key(id), encode(record)}}));
  header_ = header;
  index_account({id, address, quota, record.created});
  return Committed<AccountId>{id, sequence};
}

std::expected<Committed<AccountId>, DirectoryError> Directory::remove_account(
    const Address& address) {
  const AccountInfo* info = find_account(address);
  if (info == nullptr) return std::unexpected(DirectoryError::not_found);
  AccountId id = info->id;
  TRY(std::vector<Bytes> owned, app_password_keys(id));
  std::vector<store::Write> writes = {{account_key(id), std::nullopt}};
  for (Bytes& key : owned) writes.push_back({std::move(key), std::nullopt});
  TRY(store::Sequence sequence, write(std::move(writes)));
  auto local = by_local_.find(local_of(info->address));
  std::erase(local->second, id);
  if (local->second.empty()) by_local_.erase(local);
  by_address_.erase(info->address.key());
  accounts_.erase(id);
  return Committed<AccountId>{id, sequence};
}

std::expected<AccountRecord, DirectoryError> Directory::read_account(AccountId account) const {
  if (!accounts_.contains(account)) return std::unexpected(DirectoryError::not_found);
  auto value = store_.get(store::k_system_partition, account_key(account));
  if (!value) return std::unexpected(from_store(value.error()));
  if (!*value) return std::unexpected(DirectoryError::corrupt);
  auto record = decode_account(**value);
  if (!record) return std::unexpected(DirectoryError::corrupt);
  return *std::move(record);
}

std::expected<store::Sequence, DirectoryError> Directory::set_quota(AccountId account,
                                                                    const Quota& quota) {
  TRY(AccountRecord record, read_account(account));
  record.quota = quota;
  TRY(store::Sequence sequence, write({{account_key(account), encode(record)}}));
  accounts_.at(account).quota = quota;
  return sequence;
}

std::vector<AccountInfo> Directory::accounts() const {
  std::vector<AccountInfo> out;
  for (const auto& [id, info] : accounts_) out.push_back(info);
  return out;
}

const AccountInfo* Directory::find_account(AccountId account) const {
  return find_in(accounts_, account);
}

const AccountInfo* Directory::find_account(const Address& address) const {
  const AccountId* id = find_in(by_address_, address.key());
  return id == nullptr ? nullptr : find_account(*id);
}

std::expected<store::Sequence, DirectoryError> Directory::add_alias(
    const Address& source, std::span<const Address> targets) {
  if (!is_local_domain(source.domain())) return std::unexpected(DirectoryError::unknown_domain);
  if (targets.empty() || source.local().empty()) return std::unexpected(DirectoryError::bad_name);
  if (targets.size() > k_max_alias_targets || targets.size() > options_.max_targets) {
    return std::unexpected(DirectoryError::over_limit);
  }
  std::string key = source.key();
  if (by_address_.contains(key) || aliases_.contains(key)) {
    return std::unexpected(DirectoryError::exists);
  }
  AliasRecord record{source, {targets.begin(), targets.end()}};
  auto added = aliases_.emplace(key, record).first;
  auto checked = check_alias(source);
  auto written =
      checked ? write({{alias_key(key), encode(record)}})
              : std::expected<store::Sequence, DirectoryError>(std::unexpected(checked.error()));
  if (!written) aliases_.erase(added);
  return written;
}

std::expected<store::Sequence, DirectoryError> Directory::remove_alias(const Address& source) {
  auto found = aliases_.find(source.key());
  if (found == aliases_.end()) return std::unexpected(DirectoryError::not_found);
  TRY(store::Sequence sequence, write({{alias_key(found->first), std::nullopt}}));
  aliases_.erase(found);
  return sequence;
}

std::vector<AliasRecord> Directory::aliases() const {
  std::vector<AliasRecord> out;
  for (const auto& [key, record] : aliases_) out.push_back(record);
  return out;
}

std::expected<store::Sequence, DirectoryError> Directory::set_postmaster(AccountId account) {
  if (!accounts_.contains(account)) return std::unexpected(DirectoryError::not_found);
  HeaderRecord header = header_;
  header.postmaster = account;
  TRY(store::Sequence sequence, write({{header_key(), encode(header)}}));
  header_ = header;
  return sequence;
}

}  // namespace peregrine::directory
