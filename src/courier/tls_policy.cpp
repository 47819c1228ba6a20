#include "courier/tls_policy.h"

#include <algorithm>

#include "base/log.h"

namespace peregrine::courier {
namespace {

using config::OutboundTls;
using Need = std::expected<TlsNeed, TlsRefusal>;

constexpr std::chrono::seconds k_lookup_time{30};
constexpr std::size_t k_most_records = 32;

const std::string& name_of(const TargetHost& host) {
  return host.name.empty() ? host.address : host.name;
}

TlsNeed name_need(const TargetHost& host, std::string reason) {
  return {.use = TlsUse::always,
          .proof = crypto::TlsProof::name,
          .names = {name_of(host)},
          .reason = std::move(reason)};
}

/// RFC 7672 section 2.1: records count when everything that led to them is under DNSSEC. For a
/// route the host is the operator's own word.
bool may_have_dane(const TlsQuestion& question) {
  return !question.host.name.empty() && question.addresses.secure &&
         (question.targets.secure || question.targets.is_route);
}

std::vector<crypto::DaneRecord> read_records(const role::DnsAnswer& answer) {
  std::vector<crypto::DaneRecord> out;
  for (const Bytes& rdata : answer.records) {
    auto record = dns::parse_tlsa(rdata);
    if (!record || out.size() == k_most_records) continue;
    out.push_back({record->usage, record->selector, record->matching, std::move(record->data)});
  }
  return out;
}

TlsNeed dane_need(const TlsQuestion& question, std::vector<crypto::DaneRecord> records,
                  std::string base) {
  TlsNeed need{.use = TlsUse::always};
  need.policy = api::TLS_POLICY_TLSA;
  // RFC 7672 section 2.2: with records of which none can be used, TLS is a must and proves nothing.
  if (std::ranges::none_of(records, crypto::is_usable)) return need;
  need.proof = crypto::TlsProof::dane;
  need.records = std::move(records);
  // RFC 7672 section 3.2.2: with DANE-TA the next hop's name will do as well.
  need.names = {name_of(question.host)};
  if (!question.targets.is_route) need.names.push_back(question.destination);
  need.server_name = std::move(base);
  need.reason = "dane";
  return need;
}

/// Nothing when the host has no TLSA records under DNSSEC.
net::Task<std::expected<std::optional<TlsNeed>, TlsRefusal>> ask_dane(
    std::shared_ptr<rpc::Channel> resolver, const TlsQuestion& question) {
  if (!may_have_dane(question)) co_return std::nullopt;
  // RFC 7672 section 2.2.2: first where the CNAMEs led, then the name itself.
  std::vector<std::string> bases;
  if (!question.addresses.canonical_name.empty()) {
    bases.push_back(question.addresses.canonical_name);
  }
  bases.push_back(question.host.name);
  for (const std::string& base : bases) {
    std::string name = "_" + std::to_string(question.targets.port) + "._tcp." + base;
    role::DnsAnswer answer =
        co_await role::lookup(resolver, name, dns::Type::tlsa, deadline_in(k_lookup_time));
    if (answer.is_denied() || answer.status == api::DNS_BAD_NAME) continue;
    if (!answer.has_records()) {
      // RFC 7672 section 2.1.2: an answer that fails to come may be an attack.
      auto why = temporary("4.7.5", "the name server gave no TLSA records for " + base);
      co_return std::unexpected(
          TlsRefusal{std::move(why), api::TLS_POLICY_TLSA, api::TLS_RESULT_DNSSEC_INVALID});
    }
    if (!answer.secure) continue;
    co_return dane_need(question, read_records(answer), base);
  }
  co_return std::nullopt;
}

Need sts_need(const TlsQuestion& question) {
  const std::string& host = name_of(question.host);
  bool is_listed = question.policy->matches(host);
  if (question.policy->mode == sts::Mode::testing) {
    if (!is_listed) {
      log_event(LogLevel::info, "courier.sts_testing",
                {{"domain", question.destination}, {"host", host}});
    }
    TlsNeed need;
    need.policy = api::TLS_POLICY_STS;
    return need;
  }
  // RFC 8461 section 4.1 and 5: a host that no pattern is for gets nothing.
  if (!is_listed) {
    auto why = temporary("4.7.5", "the domain's MTA-STS policy does not name the host " + host);
    return std::unexpected(
        TlsRefusal{std::move(why), api::TLS_POLICY_STS, api::TLS_RESULT_VALIDATION_FAILURE});
  }
  TlsNeed need = name_need(question.host, "sts");
  need.policy = api::TLS_POLICY_STS;
  return need;
}

}  // namespace

OutboundTls tls_mode(const config::Settings& settings, const config::Route* route) {
  if (route == nullptr) return settings.outbound.tls;
  if (route->tls) return *route->tls;
  return route->user.empty() && !route->implicit_tls ? settings.outbound.tls : OutboundTls::verify;
}

net::Task<Need> find_tls_need(std::shared_ptr<rpc::Channel> resolver, const TlsQuestion& question) {
  switch (question.mode) {
    case OutboundTls::none:
      co_return TlsNeed{.use = TlsUse::never};
    case OutboundTls::encrypt:
      co_return TlsNeed{.use = TlsUse::always};
    case OutboundTls::verify:
      co_return name_need(question.host, "verify");
    case OutboundTls::dane:
    case OutboundTls::opportunistic:
      break;
  }
  // RFC 8689 section 4.2.2: the sender's wish goes before the recipient's DANE and MTA-STS; what
  // the operator demands stays.
  if (question.tls_optional && question.mode == OutboundTls::opportunistic) co_return TlsNeed{};
  auto dane = co_await ask_dane(std::move(resolver), question);
  if (!dane) co_return std::unexpected(dane.error());
  bool has_policy = question.policy && question.policy->mode != sts::Mode::none;
  bool is_enforced = has_policy && question.policy->mode == sts::Mode::enforce;
  // RFC 8461 section 2: MTA-STS never takes the place of DANE that proves something.
  bool is_proof = *dane && (*dane)->proof != crypto::TlsProof::none;
  if (is_proof || (*dane && !is_enforced)) co_return std::move(**dane);
  if (question.mode == OutboundTls::dane && !*dane) {
    auto why =
        temporary("4.7.5", "the host has no TLSA records under DNSSEC, and they are required");
    co_return std::unexpected(
        TlsRefusal{std::move(why), api::TLS_POLICY_TLSA, api::TLS_RESULT_DANE_REQUIRED});
  }
  if (has_policy && !question.targets.is_route) co_return sts_need(question);
  co_return TlsNeed{};
}

}  // namespace peregrine::courier
