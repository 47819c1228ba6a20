#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "base/log.h"
#include "directory/directory.h"

namespace peregrine::directory {
namespace {

/// Address::key() without the domain.
std::string_view local_of(std::string_view key) {
  return key.substr(0, key.rfind('@'));
}

}  // namespace

/// The state of following one address: a queue instead of recursion, each address once.
struct Directory::Walk {
  std::deque<std::pair<Address, std::size_t>> pending;
  std::set<std::string> seen;
  std::set<AccountId> accounts;
  std::vector<Address> remotes;
  std::string source;  ///< Address::key() of where it began
  bool over_limit = false;
  bool is_circular = false;  ///< it came back to the source
  bool found = false;        ///< the source leads somewhere
};

Resolution Directory::resolve(const Address& address) const {
  if (!is_local_domain(address.domain())) {
    return {domains_damaged_ ? ResolutionKind::unavailable : ResolutionKind::not_local_domain};
  }
  Walk walk;
  follow(address, walk);
  if (walk.over_limit) {
    log_event(LogLevel::error, "directory.alias_over_limit", {{"alias", address.to_string()}});
  }
  if (!walk.found && damaged_) return {ResolutionKind::unavailable};
  return finish(walk);
}

void Directory::follow(const Address& address, Walk& walk) const {
  walk.source = address.key();
  walk.seen.insert(walk.source);
  walk.found = expand(address, 0, walk);
  while (!walk.pending.empty() && !walk.over_limit) {
    auto [target, depth] = std::move(walk.pending.front());
    walk.pending.pop_front();
    if (!is_local_domain(target.domain())) {
      walk.remotes.push_back(std::move(target));
    } else if (!expand(target, depth, walk)) {
      log_event(LogLevel::warning, "directory.alias_target_unknown",
                {{"alias", address.to_string()}, {"target", target.to_string()}});
    }
  }
}

std::expected<void, DirectoryError> Directory::check_alias(const Address& source) const {
  Walk walk;
  follow(source, walk);
  bool leads_somewhere = !walk.accounts.empty() || !walk.remotes.empty();
  if (walk.is_circular && !leads_somewhere) return std::unexpected(DirectoryError::circular);
  if (walk.over_limit) return std::unexpected(DirectoryError::over_limit);
  return {};
}

Resolution Directory::finish(Walk& walk) const {
  if (walk.over_limit) return {ResolutionKind::unavailable};
  Resolution out;
  out.accounts.assign(walk.accounts.begin(), walk.accounts.end());
  out.remotes = std::move(walk.remotes);
  if (!out.accounts.empty() || !out.remotes.empty()) {
    out.kind = ResolutionKind::local;
  } else if (damaged_) {
    out.kind = ResolutionKind::unavailable;
  }
  return out;
}

bool Directory::expand(const Address& address, std::size_t depth, Walk& walk) const {
  // "*" names the catch-all and is no mailbox that anybody can address.
  if (address.local() != "*" && lookup(address, depth, walk)) return true;
  if (options_.separator != 0) {
    // RFC 5233 section 1: what follows the separator is detail for the user, not part of who it is.
    Address base = address.without_detail(options_.separator);
    if (base != address && !base.local().empty() && lookup(base, depth, walk)) return true;
  }
  auto any = Address::parse("*@" + address.domain());
  if (options_.catch_all && any && lookup(*any, depth, walk)) return true;
  // RFC 5321 section 4.5.1: mail to postmaster is accepted at every domain that is served.
  if (!iequals(address.local(), "postmaster")) return false;
  auto postmaster = postmaster_account();
  if (!postmaster) return false;
  walk.accounts.insert(*postmaster);
  return true;
}

bool Directory::lookup(const Address& address, std::size_t depth, Walk& walk) const {
  std::string key = address.key();
  if (auto account = by_address_.find(key); account != by_address_.end()) {
    walk.accounts.insert(account->second);
    return true;
  }
  auto alias = aliases_.find(key);
  if (alias == aliases_.end()) return false;
  if (depth > 0 && key == walk.source) walk.is_circular = true;
  for (const Address& target : alias->second.targets) {
    std::string target_key = target.key();
    if (target_key == walk.source) walk.is_circular = true;
    if (!walk.seen.insert(std::move(target_key)).second) continue;
    if (depth + 1 > options_.max_depth || walk.seen.size() > options_.max_targets) {
      walk.over_limit = true;
      return true;
    }
    walk.pending.emplace_back(target, depth + 1);
  }
  return true;
}

std::optional<AccountId> Directory::postmaster_account() const {
  if (accounts_.contains(header_.postmaster)) return header_.postmaster;
  if (accounts_.empty()) return std::nullopt;
  return accounts_.begin()->first;
}

Resolution Directory::resolve_postmaster() const {
  for (const auto& [domain, record] : domains_) {
    auto address = Address::parse("postmaster@" + domain);
    if (!address) continue;
    Resolution found = resolve(*address);
    if (found.kind == ResolutionKind::local) return found;
  }
  return {damaged_ ? ResolutionKind::unavailable : ResolutionKind::unknown};
}

std::optional<AccountId> Directory::find_login(std::string_view name) const {
  if (name.find('@') != std::string_view::npos) {
    auto address = Address::parse(name);
    if (!address) return std::nullopt;
    auto found = by_address_.find(address->key());
    if (found == by_address_.end()) return std::nullopt;
    return found->second;
  }
  // The domain is only there to get the canonical form of the local part.
  auto address = Address::parse(std::string(name) + "@login.invalid");
  if (!address) return std::nullopt;
  std::string key = address->key();
  auto found = by_local_.find(local_of(key));
  if (found == by_local_.end() || found->second.size() != 1) return std::nullopt;
  return found->second.front();
}

}  // namespace peregrine::directory
