// peregrine sandbox-check

#include <cstring>
#include <fmt/format.h>

#include "cli/command.h"
#include "sys/sandbox_check.h"

namespace peregrine::cli {
namespace {

// For the last column: what a probe's `detail` means.
std::string detail_text(const sys::SandboxProbe& probe) {
  if (probe.detail == 0) return {};
  if (probe.verdict == sys::ProbeVerdict::killed) {
    const char* name = ::sigabbrev_np(probe.detail);
    return name == nullptr ? std::to_string(probe.detail) : fmt::format("SIG{}", name);
  }
  const char* name = ::strerrorname_np(probe.detail);
  return name == nullptr ? std::to_string(probe.detail) : name;
}

void print_text(Role role, const std::vector<sys::SandboxProbe>& probes) {
  for (const sys::SandboxProbe& probe : probes) {
    fmt::print("{:<8} {:<32} {:<12} {}\n", role_name(role), probe.name,
               sys::verdict_name(probe.verdict), detail_text(probe));
  }
}

std::string to_json(Role role, const std::vector<sys::SandboxProbe>& probes) {
  std::vector<std::string> acts;
  for (const sys::SandboxProbe& probe : probes) {
    acts.push_back(fmt::format(R"({{"act":"{}","verdict":"{}","detail":"{}","good":{}}})",
                               probe.name, sys::verdict_name(probe.verdict), detail_text(probe),
                               probe.is_good()));
  }
  return fmt::format(R"({{"role":"{}","probes":[{}]}})", role_name(role), fmt::join(acts, ","));
}

Outcome<int> check_sandboxes(const Context& context) {
  TRY(config::Settings settings, load_settings(context));
  std::size_t bad = 0;
  JsonList out;
  for (const RolePolicy& each : context.policies) {
    std::vector<sys::SandboxProbe> probes = sys::run_sandbox_probes(each.policy(settings));
    for (const sys::SandboxProbe& probe : probes) bad += probe.is_good() ? 0 : 1;
    // The children of the next probes take a copy of this buffer along.
    if (context.json) {
      out.add(to_json(each.role, probes));
    } else {
      print_text(each.role, probes);
    }
    std::fflush(stdout);
  }
  if (context.json) out.end();
  if (bad == 0) return k_done;
  return problem(
      fmt::format("{} acts are not as the policies say; do not serve on this machine "
                  "before it is known why",
                  bad));
}

}  // namespace

void add_sandbox_check(CLI::App& parent, Context& context) {
  CLI::App* command =
      add_command(parent, context, "sandbox-check",
                  "Prove on this machine what each role's sandbox forbids and allows");
  add_json_flag(*command, context);
  command->callback(
      [&context] { context.action = [&context] { return check_sandboxes(context); }; });
}

}  // namespace peregrine::cli
