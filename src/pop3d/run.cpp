#include "pop3d/run.h"

#include "base/log.h"
#include "pop3d/session.h"
#include "role/worker.h"

namespace peregrine::pop3d {
namespace {

net::Task<role::SessionEnd> serve(role::Worker& worker, role::Connection& connection) {
  Session session(worker, connection);
  role::SessionEnd end = co_await session.run();
  co_return end;
}

}  // namespace

sys::SandboxPolicy policy(const config::Settings& settings) {
  // It makes no file and hands nothing on.
  sys::SandboxPolicy out;
  out.limits.open_files = std::uint64_t{settings.limits.connections} + 256;
  return out;
}

int run(role::Start start) {
  sys::SandboxPolicy kept = policy(start.settings);
  net::Loop loop;
  role::Worker worker(loop, std::move(start), {.passes_descriptors = false, .serve = serve});
  auto sealed = sys::enter_sandbox(kept);
  if (!sealed) {
    log_event(LogLevel::error, "pop3.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  return worker.run();
}

}  // namespace peregrine::pop3d
