#include "login/run.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "login/imap_login.h"
#include "login/pop3_login.h"
#include "role/worker.h"
#include "sys/sandbox.h"

namespace peregrine::login {
namespace {

net::Task<role::SessionEnd> serve(role::Worker& worker, role::Connection& connection) {
  Service service = connection.facts.service;
  if (service == Service::imap || service == Service::imaps) return serve_imap(worker, connection);
  return serve_pop3(worker, connection);
}

}  // namespace

int run(role::Start start) {
  net::Loop loop;
  std::uint64_t files = std::uint64_t{start.settings.limits.connections} + 256;
  crypto::warm_up();
  // Gives connections back to `front`, so it passes descriptors; it has no file to write.
  role::Worker worker(loop, std::move(start), {.passes_descriptors = true, .serve = serve});
  auto sealed = sys::enter_sandbox({.may_pass_descriptors = true, .limits = {.open_files = files}});
  if (!sealed) {
    log_event(LogLevel::error, "login.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  return worker.run();
}

}  // namespace peregrine::login
