#include "sys/sandbox_check.h"

#include <cerrno>
#include <optional>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/sandbox_acts.h"

namespace peregrine::sys {
namespace {

// Exit codes of a child; every errno in use is below them.
constexpr int k_sandbox_failed = 250;
constexpr int k_stage_failed = 251;

[[noreturn]] void play(const SandboxPolicy& policy, const ProbeAct* act) {
  // Nobody can be asked for a core of a process that is meant to die.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ProbeStage stage;
  if (!prepare_stage(policy, stage)) ::_exit(k_stage_failed);
  if (!enter_sandbox(policy)) ::_exit(k_sandbox_failed);
  ::_exit(act == nullptr ? 0 : act->attempt(stage));
}

// The wait status of a child that tried the act, or of one that only entered.
std::optional<int> try_in_child(const SandboxPolicy& policy, const ProbeAct* act) {
  pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) play(policy, act);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  return status;
}

bool is_refusal(int error) {
  return error == EPERM || error == EACCES || error == ENOSYS;
}

SandboxProbe judge(const ProbeAct& act, bool allowed, std::optional<int> status) {
  SandboxProbe probe{act.name, allowed ? ProbeVerdict::broken : ProbeVerdict::inconclusive, 0};
  if (!status) return probe;
  if (WIFSIGNALED(*status)) {
    probe.detail = WTERMSIG(*status);
    // SIGSEGV: a kernel without the i386 gate.
    bool deadly = probe.detail == SIGSYS || probe.detail == SIGSEGV;
    if (!allowed && deadly) probe.verdict = ProbeVerdict::killed;
    return probe;
  }
  probe.detail = WEXITSTATUS(*status);
  if (allowed) {
    if (probe.detail == 0) probe.verdict = ProbeVerdict::works;
  } else if (probe.detail == 0) {
    probe.verdict = ProbeVerdict::permitted;
  } else if (is_refusal(probe.detail)) {
    probe.verdict = ProbeVerdict::refused;
  }
  return probe;
}

}  // namespace

std::vector<SandboxProbe> run_sandbox_probes(const SandboxPolicy& policy) {
  std::optional<int> entered = try_in_child(policy, nullptr);
  if (!entered || *entered != 0) {
    int detail = entered && WIFEXITED(*entered) ? WEXITSTATUS(*entered) : SIGSYS;
    return {SandboxProbe{"enter_sandbox", ProbeVerdict::broken, detail}};
  }
  std::vector<SandboxProbe> out;
  for (const ProbeAct& act : forbidden_acts()) {
    out.push_back(judge(act, act.is_allowed(policy), try_in_child(policy, &act)));
  }
  for (const ProbeAct& act : working_acts()) {
    if (!act.is_allowed(policy)) continue;
    out.push_back(judge(act, true, try_in_child(policy, &act)));
  }
  return out;
}

std::string_view verdict_name(ProbeVerdict verdict) {
  switch (verdict) {
    case ProbeVerdict::killed:
      return "killed";
    case ProbeVerdict::refused:
      return "refused";
    case ProbeVerdict::works:
      return "works";
    case ProbeVerdict::permitted:
      return "PERMITTED";
    case ProbeVerdict::inconclusive:
      return "inconclusive";
    case ProbeVerdict::broken:
      return "BROKEN";
  }
  return "?";
}

}  // namespace peregrine::sys
