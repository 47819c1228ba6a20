#include "sys/sandbox.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.h"
#include "sys/fd.h"
#include "sys/landlock.h"
#include "sys/privileges.h"
#include "sys/seccomp_filter.h"
#include "sys/signals.h"

namespace peregrine::sys {
namespace {

using Result = std::expected<void, SandboxError>;

// Newer than the headers of the oldest supported system: linux/prctl.h of 6.3.
constexpr int k_pr_set_mdwe = 65;
constexpr unsigned long k_mdwe_refuse_exec_gain = 1;

std::unexpected<SandboxError> failed(SandboxStep step, int number = errno) {
  return std::unexpected(SandboxError{step, number});
}

// Landlock, capabilities and the filter are a thread's own: one that already runs would keep all.
Result require_one_thread() {
#ifndef PEREGRINE_SANITIZED  // whose runtime has threads of its own
  struct stat tasks{};
  if (::stat("/proc/self/task", &tasks) < 0) return failed(SandboxStep::count_threads);
  if (tasks.st_nlink != 3) return failed(SandboxStep::count_threads, EBUSY);
#endif
  return {};
}

Result set_limit(int resource, std::uint64_t value) {
  rlimit limit{value, value};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) < 0) {
    return failed(SandboxStep::limits);
  }
  return {};
}

std::expected<std::uint64_t, SandboxError> limit_open_files(std::uint64_t wanted) {
  if (set_limit(RLIMIT_NOFILE, wanted)) return wanted;
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) < 0) return failed(SandboxStep::limits);
  std::uint64_t reachable = std::min<std::uint64_t>(wanted, now.rlim_max);
  TRY_VOID(set_limit(RLIMIT_NOFILE, reachable));
  return reachable;
}

bool logs_to_a_file() {
  struct stat info{};
  return ::fstat(STDERR_FILENO, &info) == 0 && S_ISREG(info.st_mode);
}

Result set_limits(const SandboxPolicy& policy, SandboxReport& report) {
  TRY_VOID(set_limit(RLIMIT_CORE, 0));
  TRY_VOID(set_limit(RLIMIT_MEMLOCK, 0));
  TRY_VOID(set_limit(RLIMIT_MSGQUEUE, 0));
  if (!policy.may_create_threads) TRY_VOID(set_limit(RLIMIT_NPROC, 0));
  if (!logs_to_a_file()) TRY_VOID(set_limit(RLIMIT_FSIZE, policy.limits.file_bytes));
#ifndef PEREGRINE_SANITIZED
  if (policy.limits.address_space) {
    TRY_VOID(set_limit(RLIMIT_AS, *policy.limits.address_space));
  }
#endif
  TRY(report.open_files, limit_open_files(policy.limits.open_files));
  return {};
}

// A change of identity clears the signal that the supervisor's death sends: set it again.
class ParentDeath {
 public:
  ParentDeath() : parent_(::getppid()) { ::prctl(PR_GET_PDEATHSIG, &signal_); }
  [[nodiscard]] Result restore() const {
    if (signal_ == 0) return {};
    if (::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(signal_)) < 0) {
      return failed(SandboxStep::parent_death);
    }
    if (::getppid() != parent_) return failed(SandboxStep::parent_death, ESRCH);
    return {};
  }

 private:
  pid_t parent_;
  int signal_ = 0;
};

// The C library reads the zone's file at its first use, and again at each use while TZ is unset.
void load_time_zone() {
  ::setenv("TZ", ":/etc/localtime", 0);
  ::tzset();
}

Result refuse_executable_memory(SandboxReport& report) {
  if (::prctl(k_pr_set_mdwe, k_mdwe_refuse_exec_gain, 0L, 0L, 0L) == 0) {
    report.write_xor_execute = true;
  } else if (errno != EINVAL && errno != EPERM) {  // unknown to this kernel; already set
    return failed(SandboxStep::write_xor_execute);
  }
  return {};
}

}  // namespace

std::expected<SandboxReport, SandboxError> enter_sandbox(const SandboxPolicy& policy) {
  SandboxReport report;
  ParentDeath parent_death;
  TRY_VOID(require_one_thread());
  ignore_broken_pipes();
  load_time_zone();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0) {
    return failed(SandboxStep::no_new_privileges);
  }
  TRY_VOID(set_limits(policy, report));
  // Before the identity goes: the directory may be out of reach for the role's user by path.
  TRY(report.landlock_abi, restrict_with_landlock(policy));
  TRY_VOID(drop_privileges(policy.run_as, CapabilitySet{}));
  if (::prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0) return failed(SandboxStep::not_dumpable);
  TRY_VOID(parent_death.restore());
  TRY_VOID(refuse_executable_memory(report));
  report.is_root = ::geteuid() == 0;
  TRY_VOID(load_seccomp_filter(policy));
  return report;
}

std::string_view step_name(SandboxStep step) {
  switch (step) {
    case SandboxStep::count_threads:
      return "count_threads";
    case SandboxStep::no_new_privileges:
      return "no_new_privileges";
    case SandboxStep::limits:
      return "limits";
    case SandboxStep::data_directory:
      return "data_directory";
    case SandboxStep::landlock:
      return "landlock";
    case SandboxStep::bounding_set:
      return "bounding_set";
    case SandboxStep::secure_bits:
      return "secure_bits";
    case SandboxStep::change_user:
      return "change_user";
    case SandboxStep::drop_capabilities:
      return "drop_capabilities";
    case SandboxStep::not_dumpable:
      return "not_dumpable";
    case SandboxStep::parent_death:
      return "parent_death";
    case SandboxStep::write_xor_execute:
      return "write_xor_execute";
    case SandboxStep::build_filter:
      return "build_filter";
    case SandboxStep::load_filter:
      return "load_filter";
  }
  return "?";
}

}  // namespace peregrine::sys
