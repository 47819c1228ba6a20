#include "imapd/run.h"

#include "base/log.h"
#include "crypto/hash.h"
#include "imapd/session.h"
#include "role/worker.h"
#include "sys/sandbox.h"
#include "text/charset.h"

namespace peregrine::imapd {
namespace {

net::Task<role::SessionEnd> serve(role::Worker& worker, role::Connection& connection) {
  Session session(worker, connection);
  role::SessionEnd end = co_await session.run();
  co_return end;
}

}  // namespace

int run(role::Start start) {
  net::Loop loop;
  std::uint64_t files = std::uint64_t{start.settings.limits.connections} + 256;
  // An appended message travels in a memory file, beside what was read out of it.
  std::uint64_t file_bytes = start.settings.limits.message_size + mib(16);
  crypto::warm_up();
  text::load_text_tables();
  role::Worker worker(loop, std::move(start), {.passes_descriptors = true, .serve = serve});
  auto sealed = sys::enter_sandbox(
      {.may_pass_descriptors = true, .limits = {.open_files = files, .file_bytes = file_bytes}});
  if (!sealed) {
    log_event(LogLevel::error, "imap.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  return worker.run();
}

}  // namespace peregrine::imapd
