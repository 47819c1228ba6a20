#pragma once
// The directory's records at rest, as docs/format/directory.md describes them, and what all records
// have in common: a version byte before the fields. The store's frame guards against rot; the
// fields are validated on every read, since whoever wrote them may have been subverted (V09, V10).

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/time.h"
#include "crypto/scram.h"
#include "directory/app_password.h"
#include "model/address.h"
#include "model/ids.h"

namespace peregrine::directory {

enum class RecordError : std::uint8_t { malformed, newer_format };

/// Starts a record; the fields follow.
Encoder begin_record(std::uint8_t version);
/// The fields of a record of version 1 up to `newest`.
std::expected<BytesView, RecordError> fields_of(BytesView record, std::uint8_t newest = 1);

/// 0 stands for "no limit".
struct Quota {
  std::uint64_t bytes = 10 * std::uint64_t{mib(1024)};
  std::uint64_t messages = 1'000'000;
  bool operator==(const Quota&) const = default;
};

struct HeaderRecord {
  AccountId next_account{1};  ///< never goes back: ids are not reused
  AccountId postmaster;       ///< none: the first account
};

struct DomainRecord {
  UnixTime created;
};

/// What an account's password is checked with. All of it is of one password.
struct Credentials {
  Credentials() = default;
  Credentials(std::string hash, std::vector<crypto::ScramKeys> keys = {})
      : password_hash(std::move(hash)), scram(std::move(keys)) {}
  Credentials(const char* hash) : password_hash(hash) {}

  std::string password_hash;             ///< PHC string
  std::vector<crypto::ScramKeys> scram;  ///< each hash once, in the order of their numbers
  bool operator==(const Credentials&) const = default;
};

struct AccountRecord {
  Address address;
  Credentials credentials;
  Quota quota;
  UnixTime created;
};

/// A source whose local part is "*" catches all of its domain.
struct AliasRecord {
  Address source;
  std::vector<Address> targets;
};

inline constexpr std::size_t k_max_alias_targets = 1000;
inline constexpr std::size_t k_max_password_hash = 512;
/// Whether the credentials can be stored.
bool is_valid(const Credentials& credentials);

Bytes encode(const HeaderRecord& record);
Bytes encode(const DomainRecord& record);
Bytes encode(const AccountRecord& record);
Bytes encode(const AliasRecord& record);
Bytes encode(const AppPassword& password);
std::expected<HeaderRecord, RecordError> decode_header(BytesView bytes);
std::expected<DomainRecord, RecordError> decode_domain(BytesView bytes);
std::expected<AccountRecord, RecordError> decode_account(BytesView bytes);
std::expected<AliasRecord, RecordError> decode_alias(BytesView bytes);
/// `name` is the end of the record's key.
std::expected<AppPassword, RecordError> decode_app_password(BytesView name, BytesView bytes);

/// First byte of the directory's keys in the system partition.
inline constexpr char k_key_prefix = 'd';

/// Second byte of a key. Never renumber: stored.
enum class KeyFamily : std::uint8_t {
  header = 1,
  domain = 2,
  account = 3,
  alias = 4,
  app_password = 5,
  salt_key = 6,
};

Bytes family_prefix(KeyFamily family);
/// The first key after all of the family.
Bytes family_end(KeyFamily family);
Bytes header_key();
Bytes domain_key(const std::string& domain);
Bytes account_key(AccountId account);
/// `key` is Address::key() of the alias.
Bytes alias_key(const std::string& key);
/// With the empty name, what all of the account's begin with.
Bytes app_password_key(AccountId account, std::string_view name);
Bytes salt_key_key();

}  // namespace peregrine::directory
