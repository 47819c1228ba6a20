#include "resolver/run.h"

#include <algorithm>

#include "base/log.h"
#include "resolver/resolver.h"
#include "resolver/service.h"

namespace peregrine::resolver {
namespace {

constexpr std::uint16_t k_dns_port = 53;

class Process {
 public:
  Process(net::Loop& loop, net::Gate& calls, Resolver& resolver, role::Start start)
      : loop_(loop),
        lines_(loop),
        calls_(calls),
        resolver_(resolver),
        service_(calls, resolver),
        control_(lines_, sys::Fd(role::k_control_descriptor), handlers()) {
    for (role::LinkedSocket& link : start.links) service_.add(std::move(link));
  }

  int run() {
    control_.ready();
    loop_.run();
    return 0;
  }

 private:
  role::Control::Handlers handlers() {
    return {
        .link = [this](role::LinkedSocket link) { service_.add(std::move(link)); },
        // Every option of the resolver takes a restart; how the log is written, the line knows.
        .reload = [](const config::Settings&, const std::vector<role::TlsIdentity>&) {},
        .stop = [this](std::chrono::milliseconds grace) { lines_.spawn(stop(grace)); },
        .statistics =
            [this] {
              return role::Statistics{.connections = service_.channels(),
                                      .served = service_.served(),
                                      .offences = service_.refused()};
            },
        .operator_connection = {},
    };
  }

  net::Task<void> stop(std::chrono::milliseconds grace) {
    if (std::exchange(is_stopping_, true)) co_return;
    resolver_.stop();
    service_.close_all();
    bool all_ended = co_await calls_.drained(deadline_in(grace));
    log_event(LogLevel::info, "resolver.stopped", {{"orderly", all_ended}});
    loop_.stop();
  }

  net::Loop& loop_;
  net::Gate lines_;  // the supervisor's
  net::Gate& calls_;
  Resolver& resolver_;
  Service service_;
  role::Control control_;
  bool is_stopping_ = false;
};

}  // namespace

sys::SandboxPolicy policy(const config::Settings& settings) {
  sys::SandboxPolicy out;
  out.may_resolve = true;
  out.resolve_ports = {k_dns_port};
  for (const config::ListenAddress& each : settings.dns.forwarders) {
    if (each.port != 0) out.resolve_ports.push_back(each.port);
  }
  out.limits.open_files = k_most_sockets + 256;
  return out;
}

int run(role::Start start) {
  sys::SandboxPolicy kept = policy(start.settings);
  net::Loop loop;
  net::Gate calls(loop);
  auto resolver = Resolver::create(calls, start.settings.dns);
  if (!resolver) {
    log_event(LogLevel::error, "resolver.no_start", {{"reason", resolver.error()}});
    return 1;
  }
  auto sealed = sys::enter_sandbox(kept);
  if (!sealed) {
    log_event(LogLevel::error, "resolver.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  Process process(loop, calls, **resolver, std::move(start));
  return process.run();
}

}  // namespace peregrine::resolver
