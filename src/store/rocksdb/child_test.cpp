#include "store/rocksdb/child.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

namespace peregrine::store {
namespace {

constexpr const char* k_task_variable = "PEREGRINE_STORE_TEST_TASK";
constexpr const char* k_argument_variable = "PEREGRINE_STORE_TEST_ARGUMENT";

std::map<std::string, ChildTask>& tasks() {
  static std::map<std::string, ChildTask> all;
  return all;
}

// In a run of the tests this has nothing to do.
TEST(Child, runs_the_task_that_it_was_started_for) {
  const char* task = std::getenv(k_task_variable);
  if (task == nullptr) return;
  const char* argument = std::getenv(k_argument_variable);
  _exit(tasks().at(task)(argument == nullptr ? "" : argument));
}

}  // namespace

ChildTaskEntry::ChildTaskEntry(const char* name, ChildTask task) {
  tasks().emplace(name, std::move(task));
}

pid_t start_child(const std::string& task, const std::string& argument) {
  pid_t child = fork();
  if (child != 0) return child;
  setenv(k_task_variable, task.c_str(), 1);
  setenv(k_argument_variable, argument.c_str(), 1);
  execl("/proc/self/exe", "child", "--gtest_filter=Child.*", "--gtest_brief=1", nullptr);
  _exit(127);
}

int wait_for_child(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace peregrine::store
