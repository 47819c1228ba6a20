#include "smtpd/client_check.h"

#include <algorithm>
#include <fmt/format.h>

#include "net/event.h"
#include "role/resolver_client.h"
#include "smtpd/client_names.h"

namespace peregrine::smtpd {
namespace {

/// Names of one address that are looked at; whoever runs the reverse zone may give any number
/// (V38).
constexpr std::size_t k_most_names = 5;
/// EHLO names that are looked up for one connection.
constexpr std::uint32_t k_most_hellos = 3;

enum class Reverse : std::uint8_t { unknown, none, unconfirmed, confirmed };
enum class Exists : std::uint8_t { unknown, no, yes };

struct ListResult {
  config::DnsList list;
  bool is_listed = false;
  std::string answer;
};

bool is_judged(const config::Settings& settings, const rpc::OpenConnection& facts) {
  if (facts.service != Service::smtp) return false;
  if (facts.is_loopback && !settings.junk.check_loopback) return false;
  return !config::contains(settings.smtp.trusted_networks, facts.peer);
}

}  // namespace

struct ClientCheck::State {
  explicit State(net::Loop& loop) : done(loop) {}

  std::shared_ptr<rpc::Channel> resolver;  // owners: see rpc/channel.h
  std::string peer;
  Deadline deadline;
  std::size_t running = 0;
  net::Event done;

  Reverse reverse = Reverse::unknown;
  std::string name;  ///< confirmed, or the first that is not
  std::string confirmed;
  std::vector<ListResult> lists;
  std::string hello;
  std::uint32_t hellos = 0;  ///< names looked up
  HelloFault fault = HelloFault::none;
  Exists hello_exists = Exists::unknown;
};

namespace {

using StatePtr = std::shared_ptr<ClientCheck::State>;

net::Task<role::DnsAnswer> ask(StatePtr state, std::string name, dns::Type type) {
  Deadline deadline = state->deadline;
  role::DnsAnswer answer = co_await role::lookup(state->resolver, std::move(name), type, deadline);
  co_return answer;
}

/// Whether `name` leads to the client's address; nothing when that cannot be known.
net::Task<std::optional<bool>> leads_back(StatePtr state, std::string name) {
  dns::Type type = state->peer.contains(':') ? dns::Type::aaaa : dns::Type::a;
  role::DnsAnswer answer = co_await ask(state, std::move(name), type);
  if (!answer.has_records()) {
    co_return answer.is_denied() ? std::optional(false) : std::nullopt;
  }
  for (const Bytes& record : answer.records) {
    auto address = dns::parse_address(type, record);
    if (address && is_same_address(*address, state->peer)) co_return true;
  }
  co_return false;
}

net::Task<void> confirm(StatePtr state, std::vector<Bytes> records) {
  bool is_known = true;
  for (std::size_t i = 0; i < records.size() && i < k_most_names; ++i) {
    auto name = dns::parse_name(records[i]);
    if (!name || name->empty()) continue;
    if (state->name.empty()) state->name = *name;
    std::optional<bool> leads = co_await leads_back(state, *name);
    if (!leads) is_known = false;
    if (!leads.value_or(false)) continue;
    state->name = *name;
    state->confirmed = *name;
    state->reverse = Reverse::confirmed;
    co_return;
  }
  if (is_known) state->reverse = Reverse::unconfirmed;
}

net::Task<void> check_reverse(StatePtr state, std::string name) {
  role::DnsAnswer answer = co_await ask(state, std::move(name), dns::Type::ptr);
  if (answer.is_denied()) {
    state->reverse = Reverse::none;
  } else if (answer.has_records()) {
    co_await confirm(state, std::move(answer.records));
  }
}

net::Task<void> check_list(StatePtr state, std::string name, std::size_t place) {
  role::DnsAnswer answer = co_await ask(state, std::move(name), dns::Type::a);
  for (const Bytes& record : answer.records) {
    auto address = dns::parse_address(dns::Type::a, record);
    if (!address || judge_list_answer(*address) != ListAnswer::listed) continue;
    state->lists[place].is_listed = true;
    state->lists[place].answer = std::move(*address);
    co_return;
  }
}

net::Task<void> check_hello(StatePtr state, std::string name) {
  for (dns::Type type : {dns::Type::a, dns::Type::aaaa, dns::Type::mx}) {
    role::DnsAnswer answer = co_await ask(state, name, type);
    // The client has given another name meanwhile.
    if (state->hello != name) co_return;
    if (answer.has_records()) state->hello_exists = Exists::yes;
    if (!answer.is_denied()) co_return;
  }
  state->hello_exists = Exists::no;
}

/// Runs one of the above and counts it.
net::Task<void> count(StatePtr state, net::Task<void> lookup) {
  ++state->running;
  co_await lookup;
  if (--state->running == 0) state->done.notify();
}

}  // namespace

ClientCheck::ClientCheck(role::Worker& worker, const rpc::OpenConnection& facts)
    : worker_(worker),
      is_active_(is_judged(worker.settings(), facts) && worker.resolver()->is_open()),
      state_(std::make_shared<State>(worker.loop())) {
  if (!is_active_) return;
  const config::JunkSettings& settings = worker.settings().junk;
  state_->resolver = worker.resolver();
  state_->peer = facts.peer;
  state_->deadline = deadline_in(settings.lookup_time);
  if (auto name = reverse_name(facts.peer)) {
    worker.gate().spawn(count(state_, check_reverse(state_, std::move(*name))));
  }
  for (const std::string& entry : settings.dns_lists) {
    auto list = config::parse_dns_list(entry);
    auto name = list ? list_name(facts.peer, list->zone) : std::nullopt;
    if (!name) continue;
    std::size_t place = state_->lists.size();
    state_->lists.push_back({.list = std::move(*list)});
    worker.gate().spawn(count(state_, check_list(state_, std::move(*name), place)));
  }
}

void ClientCheck::hello(const std::string& name) {
  if (!is_active_) return;
  const config::Settings& settings = worker_.settings();
  if (state_->hello == name) return;
  state_->hello = name;
  state_->hello_exists = Exists::unknown;
  state_->fault = hello_fault(name, state_->peer, settings.server.hostname);
  bool is_asked = state_->fault == HelloFault::none && !name.starts_with('[') &&
                  settings.junk.unknown_hello != 0 && state_->hellos < k_most_hellos;
  if (!is_asked) return;
  ++state_->hellos;
  state_->deadline = deadline_in(settings.junk.lookup_time);
  worker_.gate().spawn(count(state_, check_hello(state_, name)));
}

net::Task<void> ClientCheck::finished() {
  while (state_->running > 0) {
    Deadline deadline = state_->deadline;
    auto wait = state_->done.wait(deadline);
    net::WaitResult result = co_await wait;
    if (result != net::WaitResult::ready) co_return;
  }
}

JunkScore ClientCheck::score() const {
  JunkScore out;
  if (!is_active_) return out;
  const config::JunkSettings& settings = worker_.settings().junk;
  if (state_->reverse == Reverse::none) out.add("no reverse name", settings.no_reverse_name);
  if (state_->reverse == Reverse::unconfirmed) {
    out.add(fmt::format("reverse name {} does not lead back", state_->name),
            settings.unconfirmed_reverse_name);
  }
  if (state_->fault != HelloFault::none) {
    out.add(std::string(hello_fault_text(state_->fault)), settings.bad_hello);
  }
  if (state_->hello_exists == Exists::no) {
    out.add("EHLO gives a name that does not exist", settings.unknown_hello);
  }
  for (const ListResult& each : state_->lists) {
    if (!each.is_listed) continue;
    out.add(fmt::format("{} listed in {} as {}", state_->peer, each.list.zone, each.answer),
            each.list.weight);
  }
  return out;
}

const std::string& ClientCheck::confirmed_name() const {
  return state_->confirmed;
}

}  // namespace peregrine::smtpd
