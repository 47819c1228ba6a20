#pragma once
// Directory: domains, accounts with their passwords, and aliases, kept in the system partition of
// the store. All but the secrets is held in memory, so that a recipient is checked without a read.
//
// What changes something is visible at once and answers the commit's sequence: nothing that depends
// on it may leave the process before Store::durable() has reached it. last_sequence() is the same
// for what was only read. For core's loop thread alone.
//
// A record that cannot be read is logged and left out; while there is one, an address that is not
// found is `unavailable`, never `unknown`, so that no mail is refused for good because of rot.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "directory/record.h"
#include "store/store.h"

namespace peregrine::directory {

enum class DirectoryError : std::uint8_t {
  exists,
  not_found,
  unknown_domain,  ///< the address is in no domain of ours
  not_empty,       ///< the domain still has accounts or aliases
  bad_name,
  over_limit,
  circular,  ///< an alias that leads back to itself and nowhere else
  no_space,
  io,
  corrupt,
  newer_format,
};

struct Options {
  char separator = '+';   ///< RFC 5233 subaddresses; 0 for none
  bool catch_all = true;  ///< aliases with "*" as their local part count
  /// Bounds of following aliases; what goes over is `unavailable` and logged.
  std::size_t max_depth = 10;
  std::size_t max_targets = 1000;
};

template <class T>
struct Committed {
  T value;
  store::Sequence sequence;
};

struct AccountInfo {
  AccountId id;
  Address address;
  Quota quota;
  UnixTime created;
};

/// Never renumber: sent between processes.
enum class ResolutionKind : std::uint8_t {
  local = 1,             ///< `accounts` and `remotes` say where the message goes
  unknown = 2,           ///< a domain of ours, and no such mailbox
  not_local_domain = 3,  ///< somebody else's
  unavailable = 4,       ///< cannot be said now: a damaged record, or aliases without end
};

struct Resolution {
  ResolutionKind kind = ResolutionKind::unknown;
  std::vector<AccountId> accounts;  ///< each once
  std::vector<Address> remotes;     ///< each once
};

class Directory {
  struct Private {};

 public:
  Directory(Private, store::Store& store, const Options& options)
      : store_(store), options_(options) {}
  static std::expected<std::unique_ptr<Directory>, DirectoryError> open(
      store::Store& store, const Options& options = {});

  void set_options(const Options& options) { options_ = options; }

  std::expected<store::Sequence, DirectoryError> add_domain(const std::string& domain);
  std::expected<store::Sequence, DirectoryError> remove_domain(const std::string& domain);
  [[nodiscard]] std::vector<std::string> domains() const;
  [[nodiscard]] bool is_local_domain(std::string_view domain) const;

  std::expected<Committed<AccountId>, DirectoryError> add_account(const Address& address,
                                                                  Credentials credentials,
                                                                  const Quota& quota = {});
  /// The account's mail stays behind until mail::Accounts::purge() is called with its id.
  std::expected<Committed<AccountId>, DirectoryError> remove_account(const Address& address);
  std::expected<store::Sequence, DirectoryError> set_credentials(AccountId account,
                                                                 Credentials credentials);
  std::expected<store::Sequence, DirectoryError> set_quota(AccountId account, const Quota& quota);
  [[nodiscard]] std::vector<AccountInfo> accounts() const;
  [[nodiscard]] const AccountInfo* find_account(AccountId account) const;
  [[nodiscard]] const AccountInfo* find_account(const Address& address) const;
  /// Reads the store: secrets are not held in memory.
  std::expected<Credentials, DirectoryError> credentials(AccountId account) const;

  /// `exists` for a name that the account has given already.
  std::expected<store::Sequence, DirectoryError> add_app_password(AccountId account,
                                                                  const AppPassword& password);
  std::expected<store::Sequence, DirectoryError> remove_app_password(AccountId account,
                                                                     std::string_view name);
  /// By name; reads the store.
  std::expected<std::vector<AppPassword>, DirectoryError> app_passwords(AccountId account) const;
  /// Keeps when a password was last used, to k_use_resolution. Nobody waits for the disk: a time
  /// that is lost is harmless, and last_sequence() stays as it was.
  void note_use(AccountId account, const AppPassword& password, UnixTime now);

  /// 32 random bytes, drawn once and kept: what the salts are made of that names without an account
  /// seem to have.
  std::expected<Bytes, DirectoryError> salt_key();

  /// `source` has a domain of ours; "*" as its local part catches what nothing else does.
  std::expected<store::Sequence, DirectoryError> add_alias(const Address& source,
                                                           std::span<const Address> targets);
  std::expected<store::Sequence, DirectoryError> remove_alias(const Address& source);
  [[nodiscard]] std::vector<AliasRecord> aliases() const;

  /// Who receives what is sent to postmaster where no such mailbox or alias exists.
  std::expected<store::Sequence, DirectoryError> set_postmaster(AccountId account);

  [[nodiscard]] Resolution resolve(const Address& address) const;
  /// RFC 5321 section 4.5.1: `RCPT TO:<Postmaster>` without a domain.
  [[nodiscard]] Resolution resolve_postmaster() const;
  /// `name` is an account's address, or its local part when only one account has it.
  [[nodiscard]] std::optional<AccountId> find_login(std::string_view name) const;

  [[nodiscard]] store::Sequence last_sequence() const { return last_sequence_; }
  /// True when a record could not be read at open().
  [[nodiscard]] bool is_damaged() const { return damaged_; }

 private:
  std::expected<void, DirectoryError> load();
  void load_record(KeyFamily family, BytesView key, BytesView value);
  void index_account(const AccountInfo& info);
  void note_damage(std::string_view what, BytesView key);
  std::expected<store::Sequence, DirectoryError> write(std::vector<store::Write> writes);
  std::expected<AccountRecord, DirectoryError> read_account(AccountId account) const;
  std::expected<std::vector<Bytes>, DirectoryError> app_password_keys(AccountId account) const;

  struct Walk;
  void follow(const Address& address, Walk& walk) const;
  /// Whether mail for an alias arrives anywhere at all: `circular` or `over_limit`.
  std::expected<void, DirectoryError> check_alias(const Address& source) const;
  /// False when the address is ours and leads nowhere.
  bool expand(const Address& address, std::size_t depth, Walk& walk) const;
  bool lookup(const Address& address, std::size_t depth, Walk& walk) const;
  [[nodiscard]] Resolution finish(Walk& walk) const;
  [[nodiscard]] std::optional<AccountId> postmaster_account() const;

  store::Store& store_;
  Options options_;
  HeaderRecord header_;
  // Ordered maps: the keys come from peers, and trees cannot be flooded with collisions (V43).
  std::map<std::string, DomainRecord, std::less<>> domains_;
  std::map<AccountId, AccountInfo> accounts_;
  std::map<std::string, AccountId, std::less<>> by_address_;  ///< Address::key()
  std::map<std::string, std::vector<AccountId>, std::less<>> by_local_;
  std::map<std::string, AliasRecord, std::less<>> aliases_;  ///< Address::key()
  store::Sequence last_sequence_;
  bool damaged_ = false;
  bool domains_damaged_ = false;  ///< any domain may be one of ours
};

DirectoryError from_store(store::StoreError error);

/// Reads every record again and reports what does not hold: undecodable records, addresses outside
/// our domains, names twice. An alias that leads nowhere (yet) is no damage.
std::expected<void, DirectoryError> verify(
    store::Store& store, const std::function<void(const store::Finding&)>& report);

/// One JSON object a line for each record; no password hashes.
std::expected<void, DirectoryError> dump(store::Store& store,
                                         const std::function<void(std::string_view)>& out);

}  // namespace peregrine::directory
