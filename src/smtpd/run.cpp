#include "smtpd/run.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "role/worker.h"
#include "smtpd/session.h"
#include "text/charset.h"

namespace peregrine::smtpd {
namespace {

// What a message gains on its way into a memory file: its trace fields, summary and search text.
constexpr std::uint64_t k_content_overhead = mib(16);

net::Task<role::SessionEnd> serve(role::Worker& worker, role::Connection& connection) {
  Session session(worker, connection);
  role::SessionEnd end = co_await session.run();
  co_return end;
}

}  // namespace

sys::SandboxPolicy policy(const config::Settings& settings) {
  sys::SandboxPolicy out;
  // Large messages go to core as memory files.
  out.may_pass_descriptors = true;
  out.limits.open_files = std::uint64_t{settings.limits.connections} + 256;
  out.limits.file_bytes = settings.limits.message_size + k_content_overhead;
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
    log_event(LogLevel::error, "smtp.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  return worker.run();
}

}  // namespace peregrine::smtpd
