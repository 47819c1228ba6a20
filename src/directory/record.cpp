#include "directory/record.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace peregrine::directory {
namespace {

constexpr std::uint8_t k_version = 1;
/// Of accounts: 2 since they have keys for SCRAM.
constexpr std::uint8_t k_account_version = 2;
constexpr std::size_t k_max_address = 512;
constexpr std::size_t k_max_salt = 64;
constexpr std::size_t k_max_scram = 2;
constexpr std::uint32_t k_most_iterations = 10'000'000;

void put_time(Encoder& out, UnixTime time) {
  out.fixed64(static_cast<std::uint64_t>(time.seconds));
}

UnixTime take_time(Decoder& in) {
  return {static_cast<std::int64_t>(in.fixed64())};
}

std::expected<Address, RecordError> take_address(Decoder& in) {
  BytesView text = in.bytes(k_max_address);
  if (!in.ok()) return std::unexpected(RecordError::malformed);
  auto address = Address::parse(text);
  // Only the canonical spelling is a record: two spellings of one address must not both be stored.
  if (!address || address->to_string() != text) return std::unexpected(RecordError::malformed);
  return *std::move(address);
}

bool is_printable(BytesView text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_valid(const crypto::ScramKeys& keys) {
  bool is_known = keys.hash == crypto::ScramHash::sha1 || keys.hash == crypto::ScramHash::sha256;
  return is_known && keys.iterations >= 1 && keys.iterations <= k_most_iterations &&
         !keys.salt.empty() && keys.salt.size() <= k_max_salt &&
         keys.stored_key.size() == crypto::size_of(keys.hash) &&
         keys.server_key.size() == crypto::size_of(keys.hash);
}

std::vector<crypto::ScramKeys> take_scram(Decoder& in) {
  std::vector<crypto::ScramKeys> out;
  std::size_t count = in.count();
  if (count > k_max_scram) in.fail();
  for (std::size_t i = 0; in.ok() && i < count; ++i) {
    crypto::ScramKeys& keys = out.emplace_back();
    keys.hash = static_cast<crypto::ScramHash>(in.u8());
    keys.iterations = static_cast<std::uint32_t>(in.varint(k_most_iterations));
    keys.salt = in.bytes(k_max_salt);
    keys.stored_key = in.bytes(k_max_salt);
    keys.server_key = in.bytes(k_max_salt);
  }
  return out;
}

}  // namespace

bool is_valid(const Credentials& credentials) {
  const auto& scram = credentials.scram;
  auto is_out_of_order = [](const crypto::ScramKeys& one, const crypto::ScramKeys& next) {
    return one.hash >= next.hash;
  };
  return credentials.password_hash.size() <= k_max_password_hash &&
         is_printable(credentials.password_hash) &&
         std::ranges::all_of(scram, [](const crypto::ScramKeys& keys) { return is_valid(keys); }) &&
         std::ranges::adjacent_find(scram, is_out_of_order) == scram.end();
}

Encoder begin_record(std::uint8_t version) {
  Encoder out;
  out.u8(version);
  return out;
}

std::expected<BytesView, RecordError> fields_of(BytesView record, std::uint8_t newest) {
  if (record.empty() || record.front() == 0) return std::unexpected(RecordError::malformed);
  if (static_cast<std::uint8_t>(record.front()) > newest) {
    return std::unexpected(RecordError::newer_format);
  }
  return record.substr(1);
}

Bytes encode(const HeaderRecord& record) {
  Encoder out = begin_record(k_version);
  out.varint(record.next_account.value).varint(record.postmaster.value);
  return out.take();
}

Bytes encode(const DomainRecord& record) {
  Encoder out = begin_record(k_version);
  put_time(out, record.created);
  return out.take();
}

Bytes encode(const AccountRecord& record) {
  Encoder out = begin_record(k_account_version);
  out.bytes(record.address.to_string()).bytes(record.credentials.password_hash);
  out.varint(record.quota.bytes).varint(record.quota.messages);
  put_time(out, record.created);
  out.varint(record.credentials.scram.size());
  for (const crypto::ScramKeys& keys : record.credentials.scram) {
    out.u8(static_cast<std::uint8_t>(keys.hash)).varint(keys.iterations).bytes(keys.salt);
    out.bytes(keys.stored_key).bytes(keys.server_key);
  }
  return out.take();
}

Bytes encode(const AliasRecord& record) {
  Encoder out = begin_record(k_version);
  out.bytes(record.source.to_string()).varint(record.targets.size());
  for (const Address& target : record.targets) out.bytes(target.to_string());
  return out.take();
}

std::expected<HeaderRecord, RecordError> decode_header(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  HeaderRecord record;
  record.next_account = AccountId(in.varint());
  record.postmaster = AccountId(in.varint());
  if (!in.done() || record.next_account.is_none() || record.postmaster >= record.next_account) {
    return std::unexpected(RecordError::malformed);
  }
  return record;
}

std::expected<DomainRecord, RecordError> decode_domain(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  DomainRecord record{take_time(in)};
  if (!in.done()) return std::unexpected(RecordError::malformed);
  return record;
}

std::expected<AccountRecord, RecordError> decode_account(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes, k_account_version));
  Decoder in(fields);
  TRY(Address address, take_address(in));
  Credentials credentials(std::string(in.bytes(k_max_password_hash)));
  Quota quota{.bytes = in.varint(), .messages = in.varint()};
  UnixTime created = take_time(in);
  if (bytes.front() >= k_account_version) credentials.scram = take_scram(in);
  if (!in.done() || !is_valid(credentials)) return std::unexpected(RecordError::malformed);
  return AccountRecord{std::move(address), std::move(credentials), quota, created};
}

std::expected<AliasRecord, RecordError> decode_alias(BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  TRY(Address source, take_address(in));
  AliasRecord record{std::move(source), {}};
  std::size_t count = in.count();
  if (!in.ok() || count == 0 || count > k_max_alias_targets) {
    return std::unexpected(RecordError::malformed);
  }
  for (std::size_t i = 0; i < count; ++i) {
    TRY(Address target, take_address(in));
    record.targets.push_back(std::move(target));
  }
  if (!in.done()) return std::unexpected(RecordError::malformed);
  return record;
}

Bytes encode(const AppPassword& password) {
  Encoder out = begin_record(k_version);
  out.varint(password.protocols).bytes(password.salt).bytes(password.digest);
  put_time(out, password.created);
  put_time(out, password.last_used);
  return out.take();
}

std::expected<AppPassword, RecordError> decode_app_password(BytesView name, BytesView bytes) {
  TRY(BytesView fields, fields_of(bytes));
  Decoder in(fields);
  AppPassword password;
  password.name = name;
  password.protocols = static_cast<AppProtocols>(in.varint(k_all_app_protocols));
  password.salt = in.bytes(k_max_salt);
  password.digest = in.bytes(k_max_salt);
  password.created = take_time(in);
  password.last_used = take_time(in);
  if (!in.done() || !is_app_password_name(name) || password.protocols == 0 ||
      password.salt.size() != k_app_password_salt || password.digest.size() != 32) {
    return std::unexpected(RecordError::malformed);
  }
  return password;
}

Bytes family_prefix(KeyFamily family) {
  return {k_key_prefix, static_cast<char>(family)};
}

Bytes family_end(KeyFamily family) {
  return {k_key_prefix, static_cast<char>(std::to_underlying(family) + 1)};
}

Bytes header_key() {
  return family_prefix(KeyFamily::header);
}

Bytes domain_key(const std::string& domain) {
  return family_prefix(KeyFamily::domain) + domain;
}

Bytes account_key(AccountId account) {
  Encoder out;
  out.raw(family_prefix(KeyFamily::account)).fixed64(account.value);
  return out.take();
}

Bytes alias_key(const std::string& key) {
  return family_prefix(KeyFamily::alias) + key;
}

Bytes app_password_key(AccountId account, std::string_view name) {
  Encoder out;
  out.raw(family_prefix(KeyFamily::app_password)).fixed64(account.value).raw(name);
  return out.take();
}

Bytes salt_key_key() {
  return family_prefix(KeyFamily::salt_key);
}

}  // namespace peregrine::directory
