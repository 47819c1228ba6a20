// Not in sanitized builds: the sanitizers own system calls are outside the policies that this
// file judges.
#ifndef PEREGRINE_SANITIZED
#include "sys/sandbox.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "sys/landlock.h"
#include "sys/privileges.h"
#include "sys/sandbox_check.h"

namespace peregrine::sys {
namespace {

constexpr UserIds k_nobody{65534, 65534};

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(data_.data()), nullptr);
    if (::geteuid() == 0) ASSERT_EQ(::chown(data_.c_str(), k_nobody.user, k_nobody.group), 0);
  }
  void TearDown() override { std::filesystem::remove_all(data_); }

  SandboxPolicy front() const {
    SandboxPolicy policy;
    policy.may_accept = true;
    policy.may_pass_descriptors = true;
    policy.may_make_socket_pairs = true;
    return as_user(policy);
  }
  SandboxPolicy worker() const {
    SandboxPolicy policy;
    policy.limits.file_bytes = mib(64);
    return as_user(policy);
  }
  SandboxPolicy core() const {
    SandboxPolicy policy;
    policy.data_directory = data_;
    policy.may_write_files = true;
    policy.may_create_threads = true;
    policy.may_pass_descriptors = true;
    policy.limits.file_bytes = 1ULL << 40;
    return as_user(policy);
  }
  SandboxPolicy resolver() const {
    SandboxPolicy policy;
    policy.may_resolve = true;
    policy.resolve_ports = {53, 5353};
    return as_user(policy);
  }
  SandboxPolicy courier() const {
    SandboxPolicy policy;
    policy.may_connect = true;
    policy.limits.file_bytes = mib(1);
    return as_user(policy);
  }
  static SandboxPolicy as_user(SandboxPolicy policy) {
    if (::geteuid() == 0) policy.run_as = k_nobody;
    return policy;
  }

  std::string data_ = "/tmp/peregrine-sandbox-test-XXXXXX";
};

/// The wait status of a child that runs `body`, whose result is its exit code.
int status_of_child(const std::function<int()>& body) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

void expect_all_good(const SandboxPolicy& policy, std::size_t at_least) {
  std::vector<SandboxProbe> probes = run_sandbox_probes(policy);
  EXPECT_GE(probes.size(), at_least);
  for (const SandboxProbe& probe : probes) {
    EXPECT_TRUE(probe.is_good()) << probe.name << ": " << verdict_name(probe.verdict) << ' '
                                 << probe.detail;
  }
}

TEST_F(SandboxTest, FrontKeepsItsRightsOnly) {
  expect_all_good(front(), 80);
}
TEST_F(SandboxTest, WorkerKeepsItsRightsOnly) {
  expect_all_good(worker(), 80);
}
TEST_F(SandboxTest, CourierKeepsItsRightsOnly) {
  expect_all_good(courier(), 80);
  SandboxPolicy old = courier();
  old.landlock_abi_at_most = 0;
  expect_all_good(old, 80);
}
TEST_F(SandboxTest, CoreKeepsItsRightsOnly) {
  expect_all_good(core(), 80);
}

TEST_F(SandboxTest, ResolverKeepsItsRightsOnly) {
  expect_all_good(resolver(), 80);
}

TEST_F(SandboxTest, ReaderOfFilesCannotWriteThem) {
  SandboxPolicy policy = core();
  policy.may_write_files = false;
  expect_all_good(policy, 80);
  int status = status_of_child([&] {
    if (!enter_sandbox(policy)) return 1;
    std::string path = data_ + "/new";
    return ::creat(path.c_str(), 0600) >= 0 ? 2 : ::mkdir(path.c_str(), 0700) == 0 ? 3 : 0;
  });
  EXPECT_TRUE((WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) || status == 0) << status;
}

TEST_F(SandboxTest, HoldsOnAnOlderKernel) {
  // Debian 12's kernel has Landlock 2; one without any leaves files to the user's own rights, so
  // that only roles without files are asked.
  SandboxPolicy old_core = core();
  old_core.landlock_abi_at_most = 2;
  expect_all_good(old_core, 80);
  SandboxPolicy old_worker = worker();
  old_worker.landlock_abi_at_most = 0;
  expect_all_good(old_worker, 80);
  SandboxPolicy old_resolver = resolver();
  old_resolver.landlock_abi_at_most = 2;
  expect_all_good(old_resolver, 80);
}

TEST_F(SandboxTest, HoldsForRootWithoutAnotherIdentity) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  SandboxPolicy policy = worker();
  policy.run_as.reset();
  expect_all_good(policy, 80);
}

TEST_F(SandboxTest, HoldsForAnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "the other tests run as one already";
  int status = status_of_child([&] {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) return 1;
    SandboxPolicy policy = core();
    policy.run_as.reset();
    for (const SandboxProbe& probe : run_sandbox_probes(policy)) {
      if (!probe.is_good()) return 2;
    }
    return 0;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SandboxTest, ForbiddenActsAreDeadlyNotErrors) {
  std::size_t killed = 0;
  std::size_t refused = 0;
  for (const SandboxProbe& probe : run_sandbox_probes(worker())) {
    killed += probe.verdict == ProbeVerdict::killed ? 1 : 0;
    refused += probe.verdict == ProbeVerdict::refused ? 1 : 0;
  }
  EXPECT_GE(killed, 75U);
  EXPECT_EQ(refused, 0U);
}

TEST_F(SandboxTest, IdentityAndCapabilitiesAreGone) {
  int status = status_of_child([&] {
    SandboxPolicy policy = core();
    int abi = std::min(landlock_abi(), k_landlock_abi_known);
    auto report = enter_sandbox(policy);
    if (!report) return 10 + static_cast<int>(report.error().step);
    if (report->landlock_abi != abi) return 2;
    if (report->is_root) return 3;
    return report->open_files == policy.limits.open_files ? 0 : 4;
  });
  EXPECT_EQ(status, 0);
  status = status_of_child([&] {
    SandboxPolicy policy = worker();
    if (!drop_privileges(policy.run_as, CapabilitySet{})) return 1;
    if (::getuid() != (policy.run_as ? policy.run_as->user : ::getuid())) return 2;
    if (::getgroups(0, nullptr) != 0 && policy.run_as) return 3;
    auto left = current_capabilities();
    if (!left || left->bits != 0) return 4;
    if (policy.run_as && ::setuid(0) == 0) return 5;
    for (int capability = 0; policy.run_as && capability < 40; ++capability) {
      if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 0) return 6;
    }
    return 0;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SandboxTest, SupervisorKeepsWhatStartsChildren) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  int status = status_of_child([] {
    if (!drop_privileges(std::nullopt, k_supervisor_capabilities)) return 1;
    auto left = current_capabilities();
    if (!left || left->bits != k_supervisor_capabilities.bits) return 2;
    // A child of it can still become the role's user and drop the rest.
    SandboxPolicy policy;
    policy.run_as = k_nobody;
    auto report = enter_sandbox(policy);
    return report && !report->is_root ? 0 : 3;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SandboxTest, AnotherUserIsRefusedToAnOrdinaryOne) {
  int status = status_of_child([] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 1;
    SandboxPolicy policy;
    policy.run_as = UserIds{1, 1};
    auto report = enter_sandbox(policy);
    return !report && report.error().step == SandboxStep::change_user ? 0 : 2;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SandboxTest, NeedsASingleThread) {
  int status = status_of_child([] {
    std::thread other([] { ::pause(); });
    other.detach();
    auto report = enter_sandbox(SandboxPolicy{});
    return !report && report.error() == SandboxError{SandboxStep::count_threads, EBUSY} ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SandboxTest, TheParentsDeathStaysDeadly) {
  // A change of user clears the signal: enter_sandbox has to set it again.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t middle = ::fork();
  if (middle == 0) {
    pid_t sealed = ::fork();
    if (sealed == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (!enter_sandbox(worker())) ::_exit(1);
      [[maybe_unused]] ssize_t sent = ::write(ends[1], "x", 1);
      while (true) ::sleep(1);
    }
    char byte = 0;
    ::_exit(::read(ends[0], &byte, 1) == 1 ? 0 : 1);
  }
  ::close(ends[1]);
  int middle_status = -1;
  ASSERT_EQ(::waitpid(middle, &middle_status, 0), middle);
  EXPECT_EQ(middle_status, 0);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);  // ends only when the sealed grandchild is gone
  ::close(ends[0]);
}

TEST_F(SandboxTest, LogsLocalTimeAndAbortWorkInside) {
  int status = status_of_child([&] {
    if (!enter_sandbox(worker())) return 1;
    std::time_t now = std::time(nullptr);
    if (std::localtime(&now) == nullptr) return 2;
    log_event(LogLevel::error, "sandbox.test", {{"inside", true}});
    std::abort();
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

TEST_F(SandboxTest, ExceptionsWorkInside) {
  int status = status_of_child([&] {
    if (!enter_sandbox(worker())) return 1;
    try {
      return static_cast<int>(std::string("x").at(5));
    } catch (const std::exception&) {
      return 0;
    }
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SandboxTest, ManyThreadsWorkInsideCore) {
  int status = status_of_child([&] {
    if (!enter_sandbox(core())) return 1;
    std::vector<std::thread> threads;
    std::atomic<int> sum = 0;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&sum] {
        std::vector<std::string> blocks;
        for (std::size_t n = 1; n < 200; ++n) blocks.emplace_back(n * 997, 'x');
        sum += static_cast<int>(blocks.size());
      });
    }
    for (std::thread& thread : threads) thread.join();
    return sum == 8 * 199 ? 0 : 2;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SandboxTest, AMissingDataDirectoryIsAnError) {
  if (landlock_abi() == 0) GTEST_SKIP() << "needs Landlock";
  int status = status_of_child([&] {
    SandboxPolicy policy = core();
    policy.data_directory = data_ + "/absent";
    auto report = enter_sandbox(policy);
    return !report && report.error() == SandboxError{SandboxStep::data_directory, ENOENT} ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace peregrine::sys

#endif  // PEREGRINE_SANITIZED
