#include "imapd/run.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "imapd/session.h"
#include "role/worker.h"
#include "text/charset.h"

namespace peregrine::imapd {
namespace {

net::Task<role::SessionEnd> serve(role::Worker& worker, role::Connection& connection) {
  Session session(worker, connection);
  role::SessionEnd end = co_await session.run();
  co_return end;
}

}  // namespace

sys::SandboxPolicy policy(const config::Settings& settings) {
  sys::SandboxPolicy out;
  // An appended message goes to core in a memory file, beside what was read out of it.
  out.may_pass_descriptors = true;
  out.limits.open_files = std::uint64_t{settings.limits.connections} + 256;
  out.limits.file_bytes = settings.limits.message_size + mib(16);
  return out;
}

int run(role::Start start) {
  sys::SandboxPolicy kept = policy(start.settings);
  crypto::warm_up();
  text::load_text_tables();
  net::Loop loop;
  role::Worker worker(loop, std::move(start), {.passes_descriptors = true, .serve = serve});
  auto sealed = sys::enter_sandbox(kept);
  if (!sealed) {
    log_event(LogLevel::error, "imap.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  return worker.run();
}

}  // namespace peregrine::imapd
