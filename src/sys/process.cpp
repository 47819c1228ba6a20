#include "sys/process.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/result.h"
#include "sys/signals.h"

namespace peregrine::sys {
namespace {

constexpr int k_exec_failed = 127;

// Everything the child needs, allocated before the fork: between fork and exec only
// async-signal-safe calls are made.
struct ExecPlan {
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<InheritedFd> descriptors;  // sorted by child_number
  std::vector<int> staged;
  int highest = 2;
  int standard_error = STDERR_FILENO;
  int report = -1;
  pid_t parent = 0;
};

std::vector<std::string> allowed_environment() {
  std::vector<std::string> out;
  for (const char* name : {
           "LANG",
           "LC_ALL",
           "TZ",
#ifdef PEREGRINE_SANITIZED
           "ASAN_OPTIONS",
           "UBSAN_OPTIONS",
           "LSAN_OPTIONS",
           "TSAN_OPTIONS",
#endif
       }) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

SysResult<ExecPlan> plan_exec(const SpawnRequest& request) {
  ExecPlan plan;
  plan.environment = allowed_environment();
  for (const std::string& text : request.arguments) {
    plan.argv.push_back(const_cast<char*>(text.c_str()));
  }
  for (std::string& text : plan.environment) plan.envp.push_back(text.data());
  plan.argv.push_back(nullptr);
  plan.envp.push_back(nullptr);
  plan.descriptors = request.descriptors;
  std::ranges::sort(plan.descriptors, {}, &InheritedFd::child_number);
  for (const InheritedFd& fd : plan.descriptors) {
    if (fd.child_number <= plan.highest) return sys_error(SysCall::limit, EINVAL);
    plan.highest = fd.child_number;
  }
  plan.staged.resize(plan.descriptors.size());
  plan.standard_error = request.standard_error.value_or(STDERR_FILENO);
  plan.parent = ::getpid();
  return plan;
}

// First copies everything above the highest target, then down to the targets, so that no source
// is overwritten before it is used.
bool place_descriptors(ExecPlan& plan) {
  int above = plan.highest + 1;
  int report = ::fcntl(plan.report, F_DUPFD_CLOEXEC, above);
  if (report < 0) return false;
  plan.report = report;
  int standard_error = ::fcntl(plan.standard_error, F_DUPFD_CLOEXEC, above);
  if (standard_error < 0) return false;
  for (std::size_t i = 0; i < plan.descriptors.size(); ++i) {
    plan.staged[i] = ::fcntl(plan.descriptors[i].parent_number, F_DUPFD_CLOEXEC, above);
    if (plan.staged[i] < 0) return false;
  }
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return false;
  if (::dup2(standard_error, STDOUT_FILENO) < 0) return false;
  if (::dup2(standard_error, STDERR_FILENO) < 0) return false;
  unsigned next = 3;
  for (std::size_t i = 0; i < plan.descriptors.size(); ++i) {
    auto target = static_cast<unsigned>(plan.descriptors[i].child_number);
    if (::dup2(plan.staged[i], static_cast<int>(target)) < 0) return false;
    if (target > next && ::close_range(next, target - 1, CLOSE_RANGE_CLOEXEC) < 0) return false;
    next = target + 1;
  }
  return ::close_range(next, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

// The dup2 of `null` or a staged copy never lands on its own number: both lie elsewhere than the
// targets, except /dev/null opened as 0 when the parent had closed its standard input.
void keep_standard_input() {
  ::fcntl(STDIN_FILENO, F_SETFD, 0);
}

[[noreturn]] void fail_child(int report) {
  int number = errno;
  [[maybe_unused]] ssize_t ignored = ::write(report, &number, sizeof number);
  ::_exit(k_exec_failed);
}

[[noreturn]] void become_child(ExecPlan& plan) {
  restore_default_signals();
  // The signal comes when the parent dies; when it died before this line, getppid tells.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail_child(plan.report);
  if (::getppid() != plan.parent) ::_exit(k_exec_failed);
  if (!place_descriptors(plan)) fail_child(plan.report);
  keep_standard_input();
  ::execve("/proc/self/exe", plan.argv.data(), plan.envp.data());
  fail_child(plan.report);
}

SysResult<ChildExit> wait_pid(idtype_t kind, id_t id, int options) {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(kind, id, &info, WEXITED | options);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return last_error(SysCall::wait);
  bool exited = info.si_code == CLD_EXITED;
  return ChildExit{info.si_pid, exited ? info.si_status : 0, exited ? 0 : info.si_status};
}

}  // namespace

SysResult<Child> spawn_self(const SpawnRequest& request) {
  if (request.arguments.empty()) return sys_error(SysCall::limit, EINVAL);
  TRY(ExecPlan plan, plan_exec(request));
  TRY(FdPair report, make_pipe());
  plan.report = report.second.get();
  pid_t pid = ::fork();
  if (pid < 0) return last_error(SysCall::fork);
  if (pid == 0) become_child(plan);
  report.second.reset();
  // Not reaped yet, so the number is still this child's.
  Child child{pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
  if (!child.pidfd) return last_error(SysCall::pidfd);
  int number = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.first.get(), &number, sizeof number);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return child;
  TRY_VOID(wait_child(child));
  return sys_error(SysCall::exec, got == sizeof number ? number : EIO);
}

SysResult<void> send_signal(const Child& child, int signal) {
  if (::syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal, nullptr, 0) < 0) {
    return last_error(SysCall::signal);
  }
  return {};
}

std::optional<ChildExit> reap_child() {
  auto result = wait_pid(P_ALL, 0, WNOHANG);
  if (!result || result->pid == 0) return std::nullopt;
  return *result;
}

SysResult<ChildExit> wait_child(const Child& child) {
  return wait_pid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), 0);
}

}  // namespace peregrine::sys
