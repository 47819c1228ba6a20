#include "login/run.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "login/imap_login.h"
#include "login/pop3_login.h"
#include "login/smtp_login.h"
#include "role/worker.h"

namespace peregrine::login {
namespace {

net::Task<role::SessionEnd> serve(role::Worker& worker, role::Connection& connection) {
  switch (connection.facts.service) {
    case Service::imap:
    case Service::imaps:
      return serve_imap(worker, connection);
    case Service::pop3:
    case Service::pop3s:
      return serve_pop3(worker, connection);
    default:
      return serve_smtp(worker, connection);
  }
}

}  // namespace

sys::SandboxPolicy policy(const config::Settings& settings) {
  sys::SandboxPolicy out;
  // A connection that has logged in is handed on.
  out.may_pass_descriptors = true;
  out.limits.open_files = std::uint64_t{settings.limits.connections} + 256;
  return out;
}

int run(role::Start start) {
  sys::SandboxPolicy kept = policy(start.settings);
  crypto::warm_up();
  net::Loop loop;
  role::Worker worker(loop, std::move(start), {.passes_descriptors = false, .serve = serve});
  auto sealed = sys::enter_sandbox(kept);
  if (!sealed) {
    log_event(LogLevel::error, "login.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  return worker.run();
}

}  // namespace peregrine::login
