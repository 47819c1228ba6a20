#include "core/admin.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "base/result.h"
#include "core/admin_text.h"

namespace peregrine::core {
namespace {

using directory::DirectoryError;

api::AdminResult done() {
  api::AdminResult result;
  result.set_done(true);
  return result;
}

api::AdminResult refused(std::string line) {
  api::AdminResult result;
  result.set_error(std::move(line));
  return result;
}

api::AdminResult refused(const std::string& subject, DirectoryError error) {
  return refused(fmt::format("{}: {}", log_escape(subject), text_of(error)));
}

template <class T>
api::AdminResult result_of(const std::string& subject,
                           const std::expected<T, DirectoryError>& outcome) {
  return outcome ? done() : refused(subject, outcome.error());
}

std::string not_served(const Address& address) {
  return fmt::format("{}: the domain {} is not served here; add it first: peregrine domain add {}",
                     log_escape(address.to_string()), address.domain(), address.domain());
}

/// Characters of UTF-8; any byte counts that begins one.
std::size_t characters(std::string_view text) {
  std::size_t out = 0;
  for (char c : text) out += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return out;
}

}  // namespace

crypto::PasswordCost password_cost(const config::Settings& settings) {
  return credential_cost(settings).argon2;
}

api::AdminResult not_hashed() {
  return refused("there is no memory to hash the password; lower auth.argon2_memory");
}

std::string verify_summary(std::size_t findings) {
  if (findings == 0) return "no problem found";
  return fmt::format("{} problem{} found", findings, findings == 1 ? "" : "s");
}

api::AdminResult Admin::domain_add(const api::DomainRequest& request) {
  auto domain = canonical_domain(request.domain());
  if (!domain) {
    return refused(fmt::format("{}: not a domain name", log_escape(request.domain())));
  }
  return result_of(*domain, model_.directory->add_domain(*domain));
}

api::AdminResult Admin::domain_remove(const api::DomainRequest& request) {
  auto domain = canonical_domain(request.domain());
  if (!domain) {
    return refused(fmt::format("{}: not a domain name", log_escape(request.domain())));
  }
  return result_of(*domain, model_.directory->remove_domain(*domain));
}

api::DomainListResponse Admin::domain_list() const {
  api::DomainListResponse response;
  for (std::string& domain : model_.directory->domains()) {
    response.add_domains(std::move(domain));
  }
  return response;
}

api::AdminResult Admin::check_password(const api::AccountRequest& request) const {
  const std::string& password = request.password();
  if (password.empty()) return refused("an empty password is none; give one");
  if (password.size() > crypto::k_longest_password) {
    return refused(fmt::format("the password is longer than {} bytes; choose a shorter one",
                               crypto::k_longest_password));
  }
  // RFC 4616 section 2: NUL parts the fields of PLAIN. RFC 9051 section 9: no literal holds one.
  if (password.find('\0') != password.npos) {
    return refused("the password holds a NUL byte, which no client can send; choose another");
  }
  std::uint32_t minimum = settings_.auth.password_minimum;
  api::AdminResult result = done();
  if (characters(password) >= minimum) return result;
  std::string line = fmt::format("the password is shorter than {} characters", minimum);
  if (settings_.auth.short_password == config::PasswordPolicy::refuse) {
    return refused(line + " (auth.password_minimum); choose a longer one");
  }
  result.set_warning(line + " and easy to guess; choose a longer one");
  return result;
}

api::AdminResult Admin::check_account_add(const api::AccountRequest& request) const {
  auto address = Address::parse(request.address());
  if (!address) return refused(not_an_address(request.address()));
  if (!model_.directory->is_local_domain(address->domain())) return refused(not_served(*address));
  if (model_.directory->find_account(*address) != nullptr) {
    return refused(address->to_string(), DirectoryError::exists);
  }
  return check_password(request);
}

api::AdminResult Admin::account_add(const api::AccountRequest& request,
                                    const directory::Credentials& credentials) {
  api::AdminResult result = check_account_add(request);
  if (!result.done()) return result;
  auto address = Address::parse(request.address());
  directory::Quota quota;
  quota.bytes = settings_.limits.account_quota;
  auto added = model_.directory->add_account(*address, credentials, quota);
  if (!added) return refused(address->to_string(), added.error());
  return result;
}

api::AdminResult Admin::check_account_password(const api::AccountRequest& request) const {
  auto address = Address::parse(request.address());
  if (!address) return refused(not_an_address(request.address()));
  if (model_.directory->find_account(*address) == nullptr) return refused(no_account(*address));
  return check_password(request);
}

api::AdminResult Admin::account_password(const api::AccountRequest& request,
                                         const directory::Credentials& credentials) {
  api::AdminResult result = check_account_password(request);
  if (!result.done()) return result;
  auto address = Address::parse(request.address());
  AccountId account = model_.directory->find_account(*address)->id;
  auto set = model_.directory->set_credentials(account, credentials);
  if (!set) return refused(address->to_string(), set.error());
  return result;
}

api::AdminResult Admin::account_remove(const api::AccountRequest& request) {
  auto address = Address::parse(request.address());
  if (!address) return refused(not_an_address(request.address()));
  if (model_.directory->find_account(*address) == nullptr) return refused(no_account(*address));
  auto removed = model_.directory->remove_account(*address);
  if (!removed) return refused(address->to_string(), removed.error());
  // The first step also makes the account unknown to whoever has it open.
  auto purged = model_.accounts->purge(removed->value);
  if (!purged) {
    log_event(LogLevel::warning, "core.purge_postponed", {{"account", removed->value.value}});
  }
  api::AdminResult result = done();
  for (const directory::AliasRecord& alias : model_.directory->aliases()) {
    auto leads_there = [&](const Address& target) { return target.key() == address->key(); };
    if (!std::ranges::any_of(alias.targets, leads_there)) continue;
    result.set_warning(fmt::format("the alias {} still leads to it; peregrine alias remove {}",
                                   log_escape(alias.source.to_string()),
                                   log_escape(alias.source.to_string())));
    break;
  }
  return result;
}

std::vector<directory::AccountInfo> Admin::accounts_of(std::string_view domain) const {
  std::vector<directory::AccountInfo> out = model_.directory->accounts();
  if (domain.empty()) return out;
  auto canonical = canonical_domain(domain);
  std::erase_if(out, [&](const directory::AccountInfo& account) {
    return !canonical || account.address.domain() != *canonical;
  });
  return out;
}

api::AccountInfo Admin::describe(const directory::AccountInfo& account) {
  api::AccountInfo out;
  out.set_address(account.address.to_string());
  out.set_quota(account.quota.bytes);
  auto opened = model_.accounts->open(account.id);
  if (!opened) return out;
  mail::Usage usage = (*opened)->usage();
  out.set_messages(usage.messages);
  out.set_size(usage.bytes);
  return out;
}

api::AdminResult Admin::alias_add(const api::AliasRequest& request) {
  auto source = Address::parse(request.address());
  if (!source) return refused(not_an_address(request.address()));
  if (!model_.directory->is_local_domain(source->domain())) return refused(not_served(*source));
  if (request.targets().empty()) return refused("an alias needs a target: name@domain");
  std::vector<Address> targets;
  for (const std::string& text : request.targets()) {
    auto target = Address::parse(text);
    if (!target) return refused(not_an_address(text));
    targets.push_back(*std::move(target));
  }
  api::AdminResult result =
      result_of(source->to_string(), model_.directory->add_alias(*source, targets));
  for (const Address& target : targets) {
    if (!result.done()) break;
    if (!model_.directory->is_local_domain(target.domain())) {
      if (settings_.outbound.enabled) continue;
      result.set_warning(
          fmt::format("{} is elsewhere, and nothing sends mail out: mail for this "
                      "alias will be refused",
                      log_escape(target.to_string())));
    } else if (model_.directory->resolve(target).kind == directory::ResolutionKind::unknown) {
      result.set_warning(
          fmt::format("{} does not exist here (yet)", log_escape(target.to_string())));
    }
  }
  if (source->local() == "*" && !settings_.smtp.allow_catch_all && result.done()) {
    result.set_warning("catch-all addresses have no effect until smtp.allow_catch_all is set");
  }
  return result;
}

api::AdminResult Admin::alias_remove(const api::AliasRequest& request) {
  auto source = Address::parse(request.address());
  if (!source) return refused(not_an_address(request.address()));
  return result_of(source->to_string(), model_.directory->remove_alias(*source));
}

api::AliasListResponse Admin::alias_list(const api::AliasListRequest& request) const {
  api::AliasListResponse response;
  auto domain = canonical_domain(request.domain());
  for (const directory::AliasRecord& alias : model_.directory->aliases()) {
    if (!request.domain().empty() && (!domain || alias.source.domain() != *domain)) continue;
    api::AliasRequest& out = *response.add_aliases();
    out.set_address(alias.source.to_string());
    for (const Address& target : alias.targets) out.add_targets(target.to_string());
  }
  return response;
}

api::CountsResponse Admin::counts() const {
  api::CountsResponse response;
  response.set_domains(model_.directory->domains().size());
  response.set_accounts(model_.directory->accounts().size());
  response.set_free_bytes(model_.store->free_bytes());
  return response;
}

std::expected<std::optional<AccountId>, std::string> Admin::dump_subject(
    const api::DumpRequest& request) const {
  if (request.filter().empty()) return std::nullopt;
  auto address = Address::parse(request.filter());
  if (!address) return std::unexpected(not_an_address(request.filter()));
  const directory::AccountInfo* account = model_.directory->find_account(*address);
  if (account == nullptr) return std::unexpected(no_account(*address));
  return account->id;
}

void Admin::purge_orphans() {
  auto orphans = model_.accounts->orphans();
  if (!orphans) return;
  for (AccountId account : *orphans) {
    auto step = model_.accounts->purge(account);
    while (step && step->value) step = model_.accounts->purge(account);
  }
}

}  // namespace peregrine::core
