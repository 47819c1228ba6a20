#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "directory/directory.h"
#include "directory/json_line.h"

namespace peregrine::directory {
namespace {

using Report = std::function<void(const store::Finding&)>;
using Visit = std::function<void(BytesView name, BytesView value)>;

std::expected<void, DirectoryError> scan_family(store::Store& store, KeyFamily family,
                                                const Visit& visit) {
  Bytes prefix = family_prefix(family);
  auto scanned = store.scan(store::k_system_partition, prefix, family_end(family),
                            store::Scan::forward, [&](BytesView key, BytesView value) {
                              visit(key.substr(prefix.size()), value);
                              return true;
                            });
  // Damaged records are the store's own finding; what is sound is still looked at.
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  return {};
}

/// Of an app password's key, before the name.
constexpr std::size_t k_account_bytes = 8;

std::string place(std::string_view what, BytesView name) {
  // An account's name is its id.
  bool is_text = !name.empty() && what != "account";
  return "directory: " + std::string(what) + " " + (is_text ? log_escape(name) : to_hex(name));
}

std::string_view describe(RecordError error) {
  return error == RecordError::newer_format ? "written by a later version"
                                            : "the record does not decode";
}

AccountId id_of(BytesView name) {
  Decoder in(name);
  AccountId id(in.fixed64());
  return in.done() ? id : AccountId{};
}

/// What has been read, for the checks across records.
struct Seen {
  std::set<std::string> domains;
  std::map<std::string, AccountId> accounts;
};

void check_account(BytesView name, BytesView value, AccountId next, Seen& seen,
                   const Report& report) {
  auto record = decode_account(value);
  if (!record) return report({place("account", name), std::string(describe(record.error()))});
  AccountId id = id_of(name);
  if (id.is_none() || id >= next) report({place("account", name), "id was never given out"});
  if (!seen.domains.contains(record->address.domain())) {
    report({place("account", name), "address is in no domain of this server"});
  }
  if (!seen.accounts.emplace(record->address.key(), id).second) {
    report({place("account", name), "address belongs to two accounts"});
  }
}

void check_alias(BytesView name, BytesView value, const Seen& seen, const Report& report) {
  auto record = decode_alias(value);
  if (!record) return report({place("alias", name), std::string(describe(record.error()))});
  if (record->source.key() != name) report({place("alias", name), "key and record differ"});
  if (!seen.domains.contains(record->source.domain())) {
    report({place("alias", name), "source is in no domain of this server"});
  }
  if (seen.accounts.contains(record->source.key())) {
    report({place("alias", name), "address is an account and an alias"});
  }
}

void check_app_password(BytesView name, BytesView value, const Seen& seen, const Report& report) {
  AccountId account = id_of(name.substr(0, k_account_bytes));
  auto record = decode_app_password(name.substr(std::min(name.size(), k_account_bytes)), value);
  if (!record) {
    return report({place("app password", name), std::string(describe(record.error()))});
  }
  auto is_owner = [account](const auto& entry) { return entry.second == account; };
  if (std::ranges::none_of(seen.accounts, is_owner)) {
    report({place("app password", name), "belongs to no account"});
  }
}

}  // namespace

std::expected<void, DirectoryError> verify(store::Store& store, const Report& report) {
  AccountId next{1};
  auto header = store.get(store::k_system_partition, header_key());
  if (!header) return std::unexpected(from_store(header.error()));
  if (*header) {
    auto record = decode_header(**header);
    if (!record) {
      report({place("header", {}), std::string(describe(record.error()))});
      return {};
    }
    next = record->next_account;
  }
  Seen seen;
  TRY_VOID(scan_family(store, KeyFamily::domain, [&](BytesView name, BytesView value) {
    seen.domains.emplace(name);
    if (canonical_domain(name) != std::string(name)) {
      report({place("domain", name), "name is not in canonical form"});
    }
    auto record = decode_domain(value);
    if (!record) report({place("domain", name), std::string(describe(record.error()))});
  }));
  TRY_VOID(scan_family(store, KeyFamily::account, [&](BytesView name, BytesView value) {
    check_account(name, value, next, seen, report);
  }));
  TRY_VOID(scan_family(store, KeyFamily::alias, [&](BytesView name, BytesView value) {
    check_alias(name, value, seen, report);
  }));
  TRY_VOID(scan_family(store, KeyFamily::app_password, [&](BytesView name, BytesView value) {
    check_app_password(name, value, seen, report);
  }));
  return {};
}

std::expected<void, DirectoryError> dump(store::Store& store,
                                         const std::function<void(std::string_view)>& out) {
  TRY_VOID(scan_family(store, KeyFamily::domain, [&](BytesView name, BytesView value) {
    JsonLine line;
    line.add("record", "domain").add("name", name);
    if (auto record = decode_domain(value)) line.add("created", record->created.seconds);
    out(line.take());
  }));
  TRY_VOID(scan_family(store, KeyFamily::account, [&](BytesView name, BytesView value) {
    JsonLine line;
    line.add("record", "account").add("id", id_of(name).value);
    if (auto record = decode_account(value)) {
      line.add("address", record->address.to_string());
      line.add("quota_bytes", record->quota.bytes).add("quota_messages", record->quota.messages);
      line.add("created", record->created.seconds);
    } else {
      line.add("error", describe(record.error()));
    }
    out(line.take());
  }));
  TRY_VOID(scan_family(store, KeyFamily::app_password, [&](BytesView name, BytesView value) {
    JsonLine line;
    line.add("record", "app_password").add("account", id_of(name.substr(0, k_account_bytes)).value);
    BytesView own = name.substr(std::min(name.size(), k_account_bytes));
    line.add("name", own);
    if (auto record = decode_app_password(own, value)) {
      line.add("protocols", protocol_names(record->protocols));
      line.add("created", record->created.seconds).add("last_used", record->last_used.seconds);
    } else {
      line.add("error", describe(record.error()));
    }
    out(line.take());
  }));
  return scan_family(store, KeyFamily::alias, [&](BytesView name, BytesView value) {
    auto record = decode_alias(value);
    std::size_t number = 0;
    if (!record) {
      out(JsonLine{}.add("record", "alias").add("key", name).take());
      return;
    }
    for (const Address& target : record->targets) {
      JsonLine line;
      line.add("record", "alias").add("source", record->source.to_string());
      line.add("number", number++).add("target", target.to_string());
      out(line.take());
    }
  });
}

}  // namespace peregrine::directory
