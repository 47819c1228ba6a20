// The program: one binary for the commands and for every process of the server. The supervisor
// starts a role as `peregrine --role NAME`, with its control line at descriptor 3; everything else
// is a command.

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <string_view>

#include "base/log.h"
#include "cli/cli.h"
#include "core/run.h"
#include "courier/run.h"
#include "front/front.h"
#include "imapd/run.h"
#include "login/run.h"
#include "pop3d/run.h"
#include "resolver/run.h"
#include "role/control.h"
#include "smtpd/run.h"
#include "sys/signals.h"

namespace peregrine {
namespace {

struct RoleProgram {
  int (*run)(role::Start start);
  cli::RolePolicy policy;
};

constexpr std::array k_programs = {
    RoleProgram{front::run, {Role::front, front::policy}},
    RoleProgram{login::run, {Role::login, login::policy}},
    RoleProgram{smtpd::run, {Role::mx, smtpd::policy}},
    RoleProgram{smtpd::run, {Role::submission, smtpd::policy}},
    RoleProgram{imapd::run, {Role::imap, imapd::policy}},
    RoleProgram{pop3d::run, {Role::pop3, pop3d::policy}},
    RoleProgram{resolver::run, {Role::resolver, resolver::policy}},
    RoleProgram{courier::run, {Role::courier, courier::policy}},
    RoleProgram{core::run, {Role::core, core::policy}},
};

int run_role(std::string_view name) {
  auto program = std::ranges::find_if(
      k_programs, [&](const RoleProgram& each) { return role_name(each.policy.role) == name; });
  if (program == k_programs.end()) {
    fmt::print(stderr, "peregrine: there is no such role; only the supervisor starts roles\n");
    return 2;
  }
  sys::ignore_broken_pipes();
  auto start = role::receive_start(role::k_control_descriptor);
  if (!start || start->role != program->policy.role) {
    log_configure(name, LogFormat::text, LogLevel::info);
    log_event(
        LogLevel::error, "role.no_start",
        {{"reason", start ? "another role's" : "the supervisor is gone or of another build"}});
    return 1;
  }
  log_configure(fmt::format("{}-{}", name, start->index), start->settings.log.format,
                start->settings.log.level);
  return program->run(std::move(*start));
}

int run_command(int argc, char** argv) {
  std::array<cli::RolePolicy, k_programs.size()> policies{};
  std::ranges::transform(k_programs, policies.begin(), &RoleProgram::policy);
  return cli::run(argc, argv, policies);
}

}  // namespace
}  // namespace peregrine

int main(int argc, char** argv) {
  bool is_role = argc == 3 && std::string_view(argv[1]) == "--role";
  return is_role ? peregrine::run_role(argv[2]) : peregrine::run_command(argc, argv);
}
