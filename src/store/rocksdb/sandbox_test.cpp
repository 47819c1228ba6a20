// The store in the sandbox of its role: only the data directory can be reached.

#include "sys/sandbox.h"

#include <cstdio>

#include "store/rocksdb/child.h"
#include "store/rocksdb/test_directory.h"

namespace peregrine::store {
namespace {

int serve_in_sandbox(const std::string& directory) {
  sys::SandboxPolicy policy;
  policy.data_directory = directory;
  policy.may_write_files = true;
  policy.may_create_threads = true;
  policy.limits.file_bytes = 1024 * mib(1);
  auto sealed = sys::enter_sandbox(policy);
  if (!sealed) {
    std::fprintf(stderr, "%s: %d\n", std::string(sys::step_name(sealed.error().step)).c_str(),
                 sealed.error().number);
    return 1;
  }
  for (int round = 0; round < 3; ++round) {
    auto store = open_rocksdb(test_options(directory));
    if (!store) {
      std::fprintf(stderr, "%s\n", store.error().detail.c_str());
      return 2;
    }
    std::uint64_t there = delivered(**store);
    // Enough for memtables to be written out, and for compaction.
    for (std::uint64_t i = 0; i < 1500; ++i) {
      if (!deliver(**store, there + i)) return 3;
    }
    if (delivered(**store) != there + 1500) return 4;
    if ((*store)->free_bytes() == 0) return 5;
  }
  return 0;
}

const ChildTaskEntry k_serve("serve in sandbox", serve_in_sandbox);

TEST(Sandbox, needs_nothing_beyond_its_directory) {
#ifdef PEREGRINE_SANITIZED
  GTEST_SKIP() << "the sanitizer asks the kernel what the sandbox refuses";
#endif
  TestDirectory directory;
  EXPECT_EQ(wait_for_child(start_child("serve in sandbox", directory.path())), 0);
}

}  // namespace
}  // namespace peregrine::store
