#include "sys/process.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <set>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "sys/signals.h"

namespace peregrine::sys {
namespace {

constexpr int k_report_number = 7;

SpawnRequest run_child_test(const char* name, std::vector<InheritedFd> descriptors) {
  return SpawnRequest{{"sys_test", "--gtest_also_run_disabled_tests",
                       std::string("--gtest_filter=SpawnedChild.DISABLED_") + name},
                      std::move(descriptors),
                      std::nullopt};
}

std::string read_to_end(int fd) {
  std::string out;
  std::array<char, 512> buffer{};
  for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return out;
}

// These three run only in children that the tests below start.

TEST(SpawnedChild, DISABLED_ReportsWhatItInherited) {
  std::ostringstream report;
  report << "fds";
  for (int fd = 0; fd < 256; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) report << ' ' << fd;
  }
  report << "\nenv";
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    report << ' ' << text.substr(0, text.find('='));
  }
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  report << "\nblocked " << sigismember(&blocked, SIGTERM) << "\nparent "
         << (::getppid() > 1 ? "yes" : "no") << "\n";
  std::string text = report.str();
  ASSERT_EQ(::write(k_report_number, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(SpawnedChild, DISABLED_Waits) {
  ASSERT_EQ(::write(k_report_number, "x", 1), 1);
  ::pause();
}

TEST(Spawn, GivesTheListedDescriptorsAndNothingElse) {
  ::setenv("PEREGRINE_LEAK", "secret", 1);
  ::setenv("TZ", "UTC", 1);
  auto signals = create_signal_fd({SIGTERM});
  auto pipe = make_pipe();
  auto second = make_pipe();
  int leaked = ::dup(STDIN_FILENO);  // not close-on-exec: only the spawn keeps it out
  // Crossed over: the source of one is the target of the other.
  auto request = run_child_test(
      "ReportsWhatItInherited",
      {{pipe->second.get(), k_report_number}, {second->first.get(), 5}, {STDERR_FILENO, 12}});
  auto child = spawn_self(request);
  pipe->second.reset();
  ASSERT_TRUE(child) << describe(child.error());
  std::string report = read_to_end(pipe->first.get());
  EXPECT_NE(report.find("fds 0 1 2 5 7 12\n"), std::string::npos) << report;
  EXPECT_NE(report.find("TZ"), std::string::npos) << report;
  EXPECT_EQ(report.find("PEREGRINE_LEAK"), std::string::npos) << report;
  EXPECT_EQ(report.find("PATH"), std::string::npos) << report;
  EXPECT_NE(report.find("blocked 0\nparent yes"), std::string::npos) << report;
  auto end = wait_child(*child);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 0);
  EXPECT_EQ(end->signal, 0);
  ::close(leaked);
  ::unsetenv("PEREGRINE_LEAK");
}

TEST(Spawn, RefusesOverlappingTargets) {
  EXPECT_FALSE(spawn_self(SpawnRequest{{"x"}, {{0, 5}, {1, 5}}, std::nullopt}));
  EXPECT_FALSE(spawn_self(SpawnRequest{{"x"}, {{0, 2}}, std::nullopt}));
  EXPECT_FALSE(spawn_self(SpawnRequest{}));
}

TEST(Spawn, ReportsADescriptorThatIsNotOpen) {
  auto child = spawn_self(SpawnRequest{{"x"}, {{200, 5}}, std::nullopt});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error(), (SysError{SysCall::exec, EBADF}));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Spawn, ASignalEndsTheChildAndItsPidfdBecomesReadable) {
  auto pipe = make_pipe();
  auto child = spawn_self(run_child_test("Waits", {{pipe->second.get(), k_report_number}}));
  pipe->second.reset();
  ASSERT_TRUE(child);
  char byte = 0;
  ASSERT_EQ(::read(pipe->first.get(), &byte, 1), 1);
  pollfd watch{child->pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&watch, 1, 0), 0);
  ASSERT_TRUE(send_signal(*child, SIGTERM));
  EXPECT_EQ(::poll(&watch, 1, 10'000), 1);
  auto end = reap_child();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->pid, child->pid);
  EXPECT_EQ(end->signal, SIGTERM);
  EXPECT_FALSE(reap_child());
  EXPECT_FALSE(send_signal(*child, 0));
}

TEST(Spawn, TheChildDiesWithItsParent) {
  auto pipe = make_pipe();
  pid_t middle = ::fork();
  if (middle == 0) {
    auto child = spawn_self(run_child_test("Waits", {{pipe->second.get(), k_report_number}}));
    pipe->second.reset();
    char byte = 0;
    bool started = child && ::read(pipe->first.get(), &byte, 1) == 1;
    ::_exit(started ? 0 : 1);
  }
  pipe->second.reset();
  int status = 0;
  ASSERT_EQ(::waitpid(middle, &status, 0), middle);
  ASSERT_EQ(status, 0);
  // The pipe's last writer is the grandchild: its end is the grandchild's death.
  EXPECT_EQ(read_to_end(pipe->first.get()), "");
}

TEST(Signals, ArriveAsEvents) {
  auto fd = create_signal_fd({SIGUSR1});
  ASSERT_TRUE(fd);
  EXPECT_FALSE(read_signal(*fd));
  ::kill(::getpid(), SIGUSR1);
  auto event = read_signal(*fd);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->number, SIGUSR1);
  EXPECT_EQ(event->sender, ::getpid());
  EXPECT_FALSE(read_signal(*fd));
}

}  // namespace
}  // namespace peregrine::sys
