#include "courier/run.h"

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "courier/courier.h"
#include "courier/leases.h"
#include "crypto/hash.h"
#include "sys/paths.h"
#include "text/charset.h"

namespace peregrine::courier {
namespace {

constexpr std::size_t k_max_trust_store = mib(8);
constexpr std::size_t k_max_credentials = kib(256);
// A notification with the message that it gives back.
constexpr std::uint64_t k_max_memory_file = mib(16);
// Descriptors of one job: attempts at several addresses at a time, and a fetch of a policy.
constexpr std::uint64_t k_descriptors_a_job = 12;

Bytes read_or_warn(const std::string& path, std::size_t maximum, std::string_view option) {
  if (path.empty()) return {};
  auto text = sys::read_file(path, maximum);
  if (text) return std::move(*text);
  log_event(LogLevel::warning, "courier.no_file",
            {{"option", option}, {"path", path}, {"reason", sys::describe(text.error())}});
  return {};
}

void warn_of_missing_passwords(const config::Settings& settings, const Credentials& known) {
  for (const config::Route& route : settings.outbound.routes) {
    if (route.user.empty() || known.contains(std::pair(route.host, route.user))) continue;
    log_event(LogLevel::warning, "courier.no_password",
              {{"host", route.host}, {"user", route.user}});
  }
}

}  // namespace

sys::SandboxPolicy policy(const config::Settings& settings) {
  sys::SandboxPolicy out;
  out.may_connect = true;
  // Large notifications go to core as memory files.
  out.may_pass_descriptors = true;
  out.limits.open_files = std::uint64_t{settings.outbound.connections} * k_descriptors_a_job + 256;
  out.limits.file_bytes = k_max_memory_file;
  return out;
}

int run(role::Start start) {
  sys::SandboxPolicy kept = policy(start.settings);
  std::uint32_t connections = start.settings.outbound.connections;
  crypto::warm_up();
  text::load_text_tables();
  // The C library may look for its messages at the first use.
  static_cast<void>(std::strerror(ECONNREFUSED));
  Bytes authorities =
      read_or_warn(start.settings.tls.trust_store, k_max_trust_store, "tls.trust_store");
  Bytes passwords =
      read_or_warn(start.settings.outbound.credentials, k_max_credentials, "outbound.credentials");
  Credentials credentials = read_credentials(passwords);
  warn_of_missing_passwords(start.settings, credentials);
  auto client = crypto::TlsClient::create(authorities);
  if (!client) {
    log_event(LogLevel::error, "courier.no_tls");
    return 1;
  }
  net::Loop loop;
  role::Worker worker(loop, std::move(start), {.passes_descriptors = true, .serve = nullptr});
  Courier courier(worker, std::move(*client), std::move(credentials));
  worker.when_stopping(
      [&courier](std::chrono::milliseconds grace) { give_back_leases(courier, grace); });
  auto sealed = sys::enter_sandbox(kept);
  if (!sealed) {
    log_event(LogLevel::error, "courier.no_sandbox",
              {{"step", sys::step_name(sealed.error().step)}, {"errno", sealed.error().number}});
    return 1;
  }
  start_leases(courier, connections);
  return worker.run();
}

}  // namespace peregrine::courier
