#include "courier/sts_cache.h"

#include <array>

#include "api/client.h"
#include "base/log.h"
#include "courier/client_stream.h"
#include "courier/connect.h"
#include "proto/http/response.h"

namespace peregrine::courier {
namespace {

constexpr std::chrono::seconds k_lookup_time{30};
constexpr std::chrono::seconds k_core_time{30};
// RFC 8461 section 3.3: a timeout of one minute is suggested.
constexpr std::chrono::seconds k_fetch_time{60};
// Between two tries to have a policy again that still holds.
constexpr std::chrono::hours k_refetch{1};

std::optional<std::string> read_id(const role::DnsAnswer& answer) {
  std::optional<std::string> id;
  for (const Bytes& rdata : answer.records) {
    auto text = dns::parse_txt(rdata);
    if (!text || !text->starts_with("v=STSv1")) continue;
    // RFC 8461 section 3.1: with more than one such record there is no policy.
    if (id) return std::nullopt;
    id = sts::parse_record(*text);
    if (!id) return std::nullopt;
  }
  return id;
}

net::Task<std::optional<http::Response>> exchange(ClientStream& stream, Bytes request,
                                                  Deadline deadline) {
  auto sent = co_await stream.write(request, deadline);
  if (!sent) co_return std::nullopt;
  std::array<char, 4096> buffer{};
  http::ResponseReader reader;
  auto event = http::ResponseEvent::need_more;
  while (event == http::ResponseEvent::need_more) {
    auto got = co_await stream.read(buffer, deadline);
    if (!got && got.error() != net::NetError::closed) co_return std::nullopt;
    event = got ? reader.feed(BytesView(buffer.data(), *got)) : reader.end();
  }
  if (event != http::ResponseEvent::complete) co_return std::nullopt;
  co_return reader.response();
}

}  // namespace

net::Task<std::expected<StsCache::Fetched, api::TlsResultType>> StsCache::fetch(
    TargetFinder& finder, std::string domain) {
  // RFC 8460 section 4.3.2.2: what went wrong, in its words.
  constexpr std::unexpected k_not_fetched(api::TLS_RESULT_STS_POLICY_FETCH_ERROR);
  TargetHost host{.name = "mta-sts." + domain, .address = {}};
  Targets target{.port = options_.port};
  auto addresses = co_await finder.resolve(host, target);
  if (!addresses) co_return k_not_fetched;
  auto connected = co_await connect_to_any(gate_, addresses->addresses, {}, k_fetch_time);
  if (!connected) co_return k_not_fetched;
  ClientStream stream(std::move(connected->stream));
  // RFC 8461 section 3.3: the certificate is for this name, and redirects are not followed.
  crypto::TlsTarget proof{.host = host.name,
                          .proof = crypto::TlsProof::name,
                          .names = {host.name},
                          .records = {},
                          .alpn = "http/1.1"};
  Deadline deadline = deadline_in(k_fetch_time);
  bool shaken = co_await stream.start_tls(client_, proof, deadline);
  if (!shaken) co_return std::unexpected(api::TLS_RESULT_STS_WEBPKI_INVALID);
  Bytes request = http::get_request(host.name, "/.well-known/mta-sts.txt");
  auto response = co_await exchange(stream, std::move(request), deadline);
  if (!response || response->status != 200 || response->content_type != "text/plain") {
    co_return k_not_fetched;
  }
  auto policy = sts::parse_policy(response->body);
  if (!policy) co_return std::unexpected(api::TLS_RESULT_STS_POLICY_INVALID);
  co_return Fetched{response->body, std::move(*policy)};
}

/// What core keeps for the domain.
net::Task<std::expected<StsCache::Entry, Failure>> StsCache::recall(
    std::shared_ptr<rpc::Channel> core, std::string domain) {
  api::StsGetRequest request;
  request.set_domain(domain);
  auto kept = co_await api::sts_get(core, request, deadline_in(k_core_time));
  if (!kept) co_return std::unexpected(not_tried("the domain's MTA-STS policy cannot be read"));
  Entry entry;
  if (kept->id().empty()) co_return entry;
  entry.policy = sts::parse_policy(kept->policy());
  if (!entry.policy) co_return Entry{};
  entry.id = kept->id();
  entry.expires = Monotonic::now() + std::chrono::seconds(kept->seconds_left());
  co_return entry;
}

/// Half of its time is gone: so that it need not end while its host is away.
bool StsCache::is_aging(const Entry& entry) {
  if (!entry.policy) return true;
  Deadline now = Monotonic::now();
  bool is_half_gone = entry.expires - now < std::chrono::seconds(entry.policy->max_age) / 2;
  return is_half_gone && (entry.fetched == Deadline{} || now - entry.fetched > k_refetch);
}

net::Task<std::expected<StsAnswer, Failure>> StsCache::find(TargetFinder& finder, StsLinks links,
                                                            std::string domain) {
  Entry entry;
  if (auto known = entries_.find(domain); known != entries_.end()) {
    entry = known->second;
  } else {
    auto recalled = co_await recall(links.core, domain);
    if (!recalled) co_return std::unexpected(recalled.error());
    entry = std::move(*recalled);
  }
  Deadline now = Monotonic::now();
  if (entry.policy && entry.expires <= now) entry = {};
  if (entry.asked != Deadline{} && now - entry.asked < options_.fresh) {
    co_return StsAnswer{.policy = entry.policy};
  }

  role::DnsAnswer answer = co_await role::lookup(links.resolver, "_mta-sts." + domain,
                                                 dns::Type::txt, deadline_in(k_lookup_time));
  entry.asked = Monotonic::now();
  auto id = read_id(answer);
  // RFC 8461 section 5.1: a policy that is kept holds, also when the record is gone.
  bool is_current = id && *id == entry.id;
  if (!id || (is_current && !is_aging(entry))) {
    keep(domain, entry);
    co_return StsAnswer{.policy = entry.policy};
  }
  StsAnswer answered;
  entry.fetched = entry.asked;
  auto fetched = co_await fetch(finder, domain);
  if (fetched) {
    entry.id = *id;
    entry.expires = Monotonic::now() + std::chrono::seconds(fetched->policy.max_age);
    entry.policy = std::move(fetched->policy);
    api::StsPutRequest request;
    request.set_domain(domain);
    request.set_id(entry.id);
    request.set_max_age(entry.policy->max_age);
    request.set_policy(std::move(fetched->text));
    // Without core it holds in this process alone.
    auto put = co_await api::sts_put(links.core, request, deadline_in(k_core_time));
    if (!put) log_event(LogLevel::warning, "courier.sts_not_kept", {{"domain", domain}});
  } else {
    answered.failure = fetched.error();
    log_event(LogLevel::warning, "courier.sts_not_fetched", {{"domain", domain}});
  }
  answered.policy = entry.policy;
  keep(domain, std::move(entry));
  co_return answered;
}

void StsCache::keep(const std::string& domain, Entry entry) {
  if (entries_.size() >= options_.most_domains && !entries_.contains(domain)) {
    Deadline now = Monotonic::now();
    std::erase_if(entries_, [now](const auto& each) {
      return !each.second.policy || each.second.expires <= now;
    });
    if (entries_.size() >= options_.most_domains) entries_.erase(entries_.begin());
  }
  entries_.insert_or_assign(domain, std::move(entry));
}

}  // namespace peregrine::courier
