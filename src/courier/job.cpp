#include "courier/job.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "courier/connect.h"
#include "courier/core_content.h"
#include "model/address.h"

namespace peregrine::courier {
namespace {

// Sessions with one host before the next one is tried.
constexpr std::size_t k_sessions_a_host = 2;
// Of all connections, the part that is kept for others than the host that has most of them.
constexpr std::size_t k_host_share = 4;
constexpr std::chrono::milliseconds k_scarce_patience = std::chrono::seconds(45);
constexpr std::size_t k_messages_a_session = 100;
constexpr std::chrono::seconds k_lease_margin{10};
// Between two looks at whether the process is to end.
constexpr std::chrono::seconds k_pause{1};
constexpr std::chrono::seconds k_tls_report{30};
constexpr std::size_t k_most_tls_results = 64;
constexpr std::uint64_t k_most_sessions_told = 1'000'000;
constexpr std::size_t k_longest_name = 255;
constexpr std::string_view k_host_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";

bool is_tls_optional(const api::LeaseResponse& lease) {
  return lease.messages_size() > 0 && lease.messages(0).envelope().tls_optional();
}

const config::Source* source_of(const config::OutboundSettings& outbound,
                                const api::LeaseResponse& lease) {
  if (lease.messages_size() == 0) return nullptr;
  // Core leases what has one source.
  const api::LeasedMessage& first = lease.messages(0);
  return config::find_source(outbound.sources, first.submitter(), first.envelope().mail_from());
}

}  // namespace

std::string place_of(const config::OutboundSettings& outbound, const api::LeaseResponse& lease) {
  const config::Source* source = source_of(outbound, lease);
  std::string out = lease.destination();
  if (source != nullptr) out += ' ' + source->sender;
  return is_tls_optional(lease) ? out + " !" : out;
}

Job::Job(Courier& courier, Errand& errand)
    : courier_(courier),
      settings_(courier.worker.settings()),
      destination_(errand.lease.destination()),
      place_key_(errand.place),
      pace_(config::pace_of(settings_.outbound, destination_)),
      reported_now_(courier.worker.loop()),
      finder_(settings_, courier.worker.resolver()) {
  if (destination_.contains("://")) {
    // Mail that the operator sent another way: the destination is the next hop itself.
    named_route_ = config::parse_route("* " + destination_);
  }
  route_ =
      named_route_ ? &*named_route_ : config::find_route(settings_.outbound.routes, destination_);
  if (const config::Source* source = source_of(settings_.outbound, errand.lease)) source_ = *source;
  tls_optional_ = is_tls_optional(errand.lease);
  take(errand);
  courier_.jobs.insert(this);
}

void Job::take(Errand& errand) {
  errand_ = &errand;
  lease_ = std::move(errand.lease);
  states_.clear();
  reported_.clear();
  for (const api::LeasedMessage& message : lease_.messages()) {
    states_.emplace_back(static_cast<std::size_t>(message.recipients_size()));
    reported_.emplace_back(static_cast<std::size_t>(message.recipients_size()), false);
  }
}

bool Job::is_all_settled() const {
  return std::ranges::all_of(states_, [](const auto& message) {
    return std::ranges::all_of(message, &RecipientState::is_settled);
  });
}

std::size_t Job::count_settled() const {
  std::size_t out = 0;
  for (const auto& message : states_) {
    out += static_cast<std::size_t>(std::ranges::count_if(message, &RecipientState::is_settled));
  }
  return out;
}

void Job::settle_rest(const Failure& failure) {
  for (auto& message : states_) {
    for (RecipientState& state : message) {
      if (!state.is_settled()) state.failure = failure;
    }
  }
}

/// Of several hosts' failures the one to report: mail is given up only when all say so.
void Job::keep_worst(const Failure& failure) {
  if (!worst_ || worst_->gravity == Gravity::permanent || failure.gravity != Gravity::permanent) {
    worst_ = failure;
    worst_place_ = place_;
  }
}

net::Task<void> Job::run() {
  co_await deliver();
  courier_.slots.leave(place_key_, pace_.connections, visit_);
  std::optional<Failure> destination_failure;
  if (!is_all_settled()) {
    Failure failure = worst_.value_or(temporary("4.4.1", "no host could be tried"));
    if (!reached_ && failure.gravity == Gravity::temporary) destination_failure = failure;
    settle_rest(failure);
    place_ = worst_place_;
  }
  co_await end_errand(destination_failure);
  co_await report_tls();
}

net::Task<void> Job::deliver() {
  auto targets = co_await finder_.find(destination_, route_);
  if (!targets) {
    keep_worst(targets.error());
    co_return;
  }
  targets_ = std::move(*targets);
  bool may_have_policy = settings_.outbound.mta_sts && is_policy_domain() && !tls_optional_ &&
                         tls_mode(settings_, route_) == config::OutboundTls::opportunistic;
  if (may_have_policy) {
    StsLinks links{courier_.worker.resolver(), courier_.worker.core()};
    auto found = co_await courier_.sts.find(finder_, std::move(links), destination_);
    if (!found) {
      keep_worst(found.error());
      co_return;
    }
    policy_ = std::move(found->policy);
    count_tls(api::TLS_POLICY_STS, found->failure, {});
  }
  std::vector<TargetHost> hosts = targets_.hosts;
  for (const TargetHost& host : hosts) {
    is_last_host_ = &host == &hosts.back();
    auto failure = co_await try_host(host);
    if (failure) keep_worst(*failure);
    if (is_all_settled() || courier_.worker.is_stopping()) break;
  }
}

net::Task<Job::Tried> Job::try_host(TargetHost host) {
  if (route_ != nullptr && !route_->user.empty() && !login()) {
    // An empty password at each attempt may lock the account.
    co_return temporary("4.7.8", "outbound.credentials has no password of " + route_->user +
                                     " for " + route_->host);
  }
  place_ = {.host = host.name.empty() ? host.address : host.name, .address = {}, .tls = {}};
  auto addresses = co_await finder_.resolve(host, targets_);
  if (!addresses) co_return addresses.error();
  TlsQuestion question{.mode = tls_mode(settings_, route_),
                       .targets = targets_,
                       .host = host,
                       .addresses = *addresses,
                       .destination = destination_,
                       .policy = policy_,
                       .tls_optional = tls_optional_};
  auto need = co_await find_tls_need(courier_.worker.resolver(), question);
  if (!need) {
    count_tls(need.error().policy, need.error().result, place_.host);
    co_return std::move(need.error().failure);
  }
  co_return co_await try_addresses(host, std::move(*addresses), std::move(*need));
}

net::Task<Job::Tried> Job::try_addresses(const TargetHost& host, HostAddresses addresses,
                                         TlsNeed need) {
  Tried last;
  for (std::size_t sessions = 0; sessions < k_sessions_a_host && !addresses.addresses.empty();) {
    co_await wait_for_turn();
    std::erase_if(addresses.addresses, [this](const auto& each) { return is_crowded(each); });
    if (addresses.addresses.empty()) {
      co_return last ? last : not_tried("enough mail is with the host already");
    }
    AddressUse::Held held(courier_.address_use, addresses.addresses.front());
    auto connected = co_await connect_to_any(courier_.worker.gate(), addresses.addresses, sources(),
                                             settings_.outbound.connect_timeout);
    if (!connected) co_return connected.error();
    sys::SocketAddress address = connected->address;
    held.move_to(address);
    Again again = Again::no;
    last = co_await use(std::move(connected->stream), address, host, need, again);
    if (!last || is_all_settled() || courier_.worker.is_stopping()) break;
    if (again == Again::reconnect) continue;
    ++sessions;
    if (again == Again::in_clear) {
      // RFC 7435: where TLS was only an offer, mail that cannot go encrypted goes in clear.
      log_event(LogLevel::warning, "courier.tls_failed",
                {{"destination", destination_}, {"host", host.name}, {"reason", last->text}});
      need.use = TlsUse::never;
    } else {
      std::erase(addresses.addresses, address);
    }
  }
  co_return last;
}

/// Many domains may have one host: if it hangs, the rest of the mail must still find connections.
bool Job::is_crowded(const sys::SocketAddress& address) const {
  std::size_t most = std::max<std::size_t>(1, settings_.outbound.connections / k_host_share);
  return is_scarce() && !targets_.is_route && courier_.address_use.count(address) >= most;
}

/// Most connections are in use.
bool Job::is_scarce() const {
  return courier_.jobs.size() * k_host_share > settings_.outbound.connections * (k_host_share - 1);
}

/// RFC 5321 section 4.5.3.2 asks for 5 minutes; where connections are scarce, a host that does not
/// even greet gets less of them.
Timeouts Job::timeouts() const {
  Timeouts out = courier_.timeouts;
  if (is_scarce()) {
    out.greeting = std::min(out.greeting, k_scarce_patience);
    out.hello = std::min(out.hello, k_scarce_patience);
  }
  return out;
}

SourceAddresses Job::sources() const {
  if (route_ != nullptr && !route_->source.empty()) {
    bool is_ipv6 = route_->source.find(':') != std::string::npos;
    return is_ipv6 ? SourceAddresses::of({}, route_->source)
                   : SourceAddresses::of(route_->source, {});
  }
  return source_ ? SourceAddresses::of(source_->ipv4, source_->ipv6) : SourceAddresses();
}

void Job::take_turn() {
  if (pace_.messages_per_minute == 0 || turn_) return;
  turn_ = courier_.pacer.take(place_key_, pace_.messages_per_minute, Monotonic::now());
}

/// Before there is a connection that would have to wait, too.
net::Task<void> Job::wait_for_turn() {
  take_turn();
  while (turn_ && Monotonic::now() < *turn_ && !courier_.worker.is_stopping()) {
    co_await net::sleep_until(courier_.worker.loop(), std::min(*turn_, deadline_in(k_pause)));
  }
}

/// With a connection: it ends when the turn is far away.
net::Task<Job::Tried> Job::wait_for_turn(Session& session) {
  take_turn();
  if (!turn_) co_return std::nullopt;
  is_pausing_ = *turn_ > deadline_in(courier_.idle);
  if (is_pausing_) co_return not_tried("messages go at the configured rate");
  auto rest = std::chrono::ceil<std::chrono::milliseconds>(*turn_ - Monotonic::now());
  if (rest.count() > 0) co_await session.idle(rest);
  turn_.reset();
  co_return std::nullopt;
}

std::optional<Login> Job::login() const {
  if (route_ == nullptr || route_->user.empty()) return std::nullopt;
  auto known = courier_.credentials.find(std::pair(route_->host, route_->user));
  if (known == courier_.credentials.end()) return std::nullopt;
  return Login{route_->user, known->second};
}

SessionOptions Job::options_for(const TargetHost& host, const sys::SocketAddress& address,
                                TlsNeed need) const {
  return {.hostname = settings_.server.hostname,
          .host = host.name.empty() ? host.address : host.name,
          .address = address.ip_text(),
          .tls = std::move(need),
          .implicit_tls = route_ != nullptr && route_->implicit_tls,
          .is_exchanger = !targets_.is_route,
          .login = login(),
          .timeouts = timeouts()};
}

net::Task<Job::Tried> Job::use(net::Stream stream, const sys::SocketAddress& address,
                               const TargetHost& host, TlsNeed need, Again& again) {
  auto local = sys::local_address(stream.fd());
  bool is_own = local && local->network(128) == address.network(128);
  if (is_own && !targets_.is_route && !settings_.outbound.allow_loopback) {
    co_return permanent("5.4.6", "the host's address is this server's own");
  }
  api::TlsPolicyType tls_policy = need.policy;
  Session session(ClientStream(std::move(stream)), courier_.client,
                  options_for(host, address, std::move(need)));
  place_ = {.host = session.options().host, .address = session.options().address, .tls = {}};
  auto opened = co_await session.open();
  place_.tls = session.tls_text();
  count_tls(tls_policy, session.tls_result(), place_.host);
  if (!opened) {
    if (session.may_retry_in_clear()) again = Again::in_clear;
    // Before any mail was named, a 4yz is about the connection itself.
    if (opened.error().code / 100 == 4) visit_ = Visit::too_many;
    co_await session.quit();
    co_return opened.error();
  }
  reached_ = true;
  if (visit_ != Visit::too_many) visit_ = Visit::welcome;
  Tried failure;
  sent_ = 0;
  std::size_t settled_before = count_settled();
  while (true) {
    failure = co_await send_all(session);
    if (failure || session.is_over() || session.is_spent() || sent_ >= k_messages_a_session) break;
    // What this host refused is for the next one.
    if (!is_all_settled()) break;
    bool has_more = co_await take_more(session);
    if (!has_more) break;
  }
  if (failure && failure->code == 421) visit_ = Visit::too_many;
  // A server may close a connection that rests, or want each to carry less than there is: that says
  // nothing of the mail. Each session settles something, or is the last.
  bool is_ended = is_pausing_ || session.is_over() || session.is_spent();
  bool has_progress = sent_ > 0 || count_settled() > settled_before;
  if (is_ended && has_progress && !is_all_settled() && visit_ != Visit::too_many) {
    again = Again::reconnect;
  }
  // Not after QUIT, whose reply may take its time.
  if (is_all_settled()) {
    co_await end_errand(std::nullopt);
  } else {
    report(states_.size() - 1);
    co_await wait_reported();
  }
  co_await session.quit();
  co_return failure;
}

net::Task<Job::Tried> Job::send_all(Session& session) {
  Tried failure = co_await send_each(session);
  co_await wait_reported();
  co_return failure;
}

bool Job::is_lease_over() const {
  return lease_.expires() != 0 && wall_now().seconds + k_lease_margin.count() > lease_.expires();
}

/// Once the lease is over somebody else may send the message.
net::Task<bool> Job::may_end() {
  co_await wait_reported();
  co_return !is_lease_over();
}

/// RFC 5321 section 4.5.3.2.6: what was taken is on disk before the end of the next message is
/// sent, so that a crash makes no second copy but of the last.
net::Task<Job::Tried> Job::send_each(Session& session) {
  CoreContent content(courier_.worker.core(), lease_.lease());
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (std::ranges::all_of(states_[i], &RecipientState::is_settled)) continue;
    if (courier_.worker.is_stopping()) co_return not_tried(k_stopping);
    // A lease that is about to end is sent by the next one who gets it.
    if (is_lease_over()) co_return not_tried("the lease is over");
    if (auto pause = co_await wait_for_turn(session)) co_return pause;
    Transaction transaction(session, content, lease_.messages(static_cast<int>(i)), states_[i],
                            {.room = courier_.conversion_room,
                             .is_last_host = is_last_host_,
                             .before_end = [this] { return may_end(); }});
    auto failure = co_await transaction.run();
    // The last one goes with the end of the lease.
    if (i + 1 < states_.size()) {
      co_await wait_reported();
      report(i);
    }
    if (std::ranges::all_of(states_[i], &RecipientState::is_settled)) ++sent_;
    if (failure) co_return failure;
    if (session.is_over()) co_return temporary("4.4.2", "the connection ended");
  }
  co_return std::nullopt;
}

/// Ends this lease and waits for the next one for the same place, if there is one soon.
net::Task<bool> Job::take_more(Session& session) {
  if (courier_.worker.is_stopping()) co_return false;
  bool has_delivered = std::ranges::any_of(states_, [](const auto& message) {
    return std::ranges::any_of(message,
                               [](const auto& each) { return each.delivered.has_value(); });
  });
  co_await end_errand(std::nullopt);
  Errand* next = courier_.slots.adopt(place_key_);
  // A server that took nothing may think better of it in a new session.
  if (next == nullptr && has_delivered) {
    Slots::Idle idle(courier_.slots, place_key_, [&session] { session.wake(); });
    co_await session.idle(courier_.idle);
    next = idle.errand();
  }
  if (next == nullptr) co_return false;
  take(*next);
  co_return true;
}

net::Task<void> Job::end_errand(const std::optional<Failure>& destination_failure) {
  if (errand_ == nullptr) co_return;
  api::ReportRequest request = last_report(destination_failure);
  if (courier_.worker.is_stopping()) {
    // Nobody asks for more, and the process waits for this.
    static_cast<void>(co_await send_report(courier_, std::move(request)));
  } else {
    errand_->report = std::move(request);
  }
  states_.clear();
  reported_.clear();
  std::exchange(errand_, nullptr)->done.notify();
}

/// Policies and reports are for domains, by the rules of names: "a_b.example" has none.
bool Job::is_policy_domain() const {
  auto canonical = canonical_domain(destination_);
  return !targets_.is_route && canonical && *canonical == destination_;
}

/// RFC 8460 section 4: sessions by policy and result; of failures also with which host.
void Job::count_tls(api::TlsPolicyType policy, api::TlsResultType result, const std::string& host) {
  if (!is_policy_domain() || result == api::TLS_RESULT_UNSPECIFIED) return;
  // Names of hosts are strangers' words: one that is none is left out.
  bool is_plain = result != api::TLS_RESULT_SUCCESS && host.size() <= k_longest_name &&
                  host.find_first_not_of(k_host_characters) == std::string::npos;
  std::tuple key(static_cast<int>(policy), static_cast<int>(result), is_plain ? host : "");
  if (tls_counts_.size() < k_most_tls_results || tls_counts_.contains(key)) ++tls_counts_[key];
}

net::Task<void> Job::report_tls() {
  if (tls_counts_.empty()) co_return;
  api::TlsReportRequest request;
  for (const auto& [key, sessions] : tls_counts_) {
    api::TlsResult& result = *request.add_results();
    result.set_domain(destination_);
    result.set_policy(static_cast<api::TlsPolicyType>(std::get<0>(key)));
    result.set_result(static_cast<api::TlsResultType>(std::get<1>(key)));
    result.set_receiving_mx(std::get<2>(key));
    result.set_sessions(std::min(sessions, k_most_sessions_told));
  }
  tls_counts_.clear();
  // A statistic: no mail waits for it, and what is lost is lost.
  auto told = co_await api::tls_report(courier_.worker.core(), request, deadline_in(k_tls_report));
  if (!told) log_event(LogLevel::info, "courier.tls_report_lost", {{"destination", destination_}});
}

void Job::add_report(api::ReportRequest& request, std::size_t message, std::size_t recipient) {
  const api::LeasedMessage& leased = lease_.messages(static_cast<int>(message));
  api::RecipientReport made = make_report(leased, recipient, states_[message][recipient], place_);
  log_report(leased, recipient, destination_, made);
  reported_[message][recipient] = true;
  *request.add_recipients() = std::move(made);
}

void Job::report(std::size_t message) {
  api::ReportRequest request;
  request.set_lease(lease_.lease());
  for (std::size_t i = 0; i < states_[message].size(); ++i) {
    if (states_[message][i].is_settled() && !reported_[message][i]) add_report(request, message, i);
  }
  if (request.recipients_size() == 0) return;
  is_reporting_ = true;
  courier_.worker.sessions().spawn(run_report(std::move(request)));
}

net::Task<void> Job::run_report(api::ReportRequest request) {
  static_cast<void>(co_await send_report(courier_, std::move(request)));
  is_reporting_ = false;
  reported_now_.notify();
}

net::Task<void> Job::wait_reported() {
  while (is_reporting_) static_cast<void>(co_await reported_now_.wait(Deadline::max()));
}

api::ReportRequest Job::last_report(const std::optional<Failure>& destination_failure) {
  api::ReportRequest request;
  request.set_lease(lease_.lease());
  request.set_last(true);
  request.set_destination(destination_);
  if (destination_failure) {
    request.set_destination_failed(true);
    request.set_reason(destination_failure->text);
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    for (std::size_t j = 0; j < states_[i].size(); ++j) {
      if (states_[i][j].is_settled() && !reported_[i][j]) add_report(request, i, j);
    }
  }
  return request;
}

/// What is under way may still be delivered: then that is told when it is known.
std::optional<api::ReportRequest> Job::give_back(const Failure& why) {
  if (errand_ == nullptr) return std::nullopt;
  api::ReportRequest request = last_report(std::nullopt);
  RecipientState returned{.delivered = {}, .failure = why};
  for (std::size_t i = 0; i < states_.size(); ++i) {
    for (std::size_t j = 0; j < states_[i].size(); ++j) {
      if (states_[i][j].is_settled()) continue;
      const api::LeasedMessage& message = lease_.messages(static_cast<int>(i));
      api::RecipientReport report = make_report(message, j, returned, place_);
      log_report(message, j, destination_, report);
      *request.add_recipients() = std::move(report);
    }
  }
  return request;
}

}  // namespace peregrine::courier
