#include "sys/landlock.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/result.h"
#include "sys/fd.h"

namespace peregrine::sys {
namespace {

constexpr std::uint64_t k_fs_abi_1 = (1ULL << 13) - 1;             // EXECUTE … MAKE_SYM
constexpr std::uint64_t k_fs_refer = 1ULL << 13;                   // ABI 2
constexpr std::uint64_t k_fs_truncate = 1ULL << 14;                // ABI 3
constexpr std::uint64_t k_fs_ioctl_dev = 1ULL << 15;               // ABI 5
constexpr std::uint64_t k_net_bind_tcp = 0x1;                      // ABI 4
constexpr std::uint64_t k_net_connect_tcp = 0x2;                   // ABI 4
constexpr int k_rule_net_port = 2;                                 // ABI 4
constexpr std::uint64_t k_scope_abstract_socket_and_signal = 0x3;  // ABI 6

// struct landlock_ruleset_attr of ABI 6; an older kernel is given only the part that it knows.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

// struct landlock_net_port_attr of ABI 4.
struct NetPortRule {
  std::uint64_t allowed_access = 0;
  std::uint64_t port = 0;
};

std::unexpected<SandboxError> failed(SandboxStep step) {
  return std::unexpected(SandboxError{step, errno});
}

RulesetAttributes everything_of(int abi) {
  RulesetAttributes all{k_fs_abi_1, 0, 0};
  if (abi >= 2) all.handled_access_fs |= k_fs_refer;
  if (abi >= 3) all.handled_access_fs |= k_fs_truncate;
  if (abi >= 4) all.handled_access_net = k_net_bind_tcp | k_net_connect_tcp;
  if (abi >= 5) all.handled_access_fs |= k_fs_ioctl_dev;
  if (abi >= 6) all.scoped = k_scope_abstract_socket_and_signal;
  return all;
}

std::size_t attribute_size(int abi) {
  return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

std::uint64_t data_directory_rights(const SandboxPolicy& policy) {
  std::uint64_t rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  if (policy.may_write_files) {
    rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
              LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
              LANDLOCK_ACCESS_FS_REMOVE_DIR | k_fs_refer | k_fs_truncate;
  }
  return rights;
}

std::expected<void, SandboxError> open_hole(int ruleset, const std::string& path,
                                            std::uint64_t rights) {
  Fd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed(SandboxStep::data_directory);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = directory.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0) {
    return failed(SandboxStep::landlock);
  }
  return {};
}

std::expected<void, SandboxError> allow_port(int ruleset, std::uint64_t access,
                                             std::uint16_t port) {
  NetPortRule rule{access, port};
  if (::syscall(SYS_landlock_add_rule, ruleset, k_rule_net_port, &rule, 0) < 0) {
    return failed(SandboxStep::landlock);
  }
  return {};
}

}  // namespace

int landlock_abi() {
  long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

std::expected<int, SandboxError> restrict_with_landlock(const SandboxPolicy& policy) {
  int abi = std::min({landlock_abi(), policy.landlock_abi_at_most, k_landlock_abi_known});
  if (abi < 1) return 0;
  RulesetAttributes all = everything_of(abi);
  if (policy.may_connect) all.handled_access_net &= ~k_net_connect_tcp;
  Fd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, attribute_size(abi), 0)));
  if (!ruleset) return failed(SandboxStep::landlock);
  if (!policy.data_directory.empty()) {
    std::uint64_t rights = data_directory_rights(policy) & all.handled_access_fs;
    TRY_VOID(open_hole(ruleset.get(), policy.data_directory, rights));
  }
  if (policy.may_resolve && abi >= 4) {
    for (std::uint16_t port : policy.resolve_ports) {
      TRY_VOID(allow_port(ruleset.get(), k_net_connect_tcp, port));
    }
  }
  // A source address goes with a port of the system's choice: no port that others look for.
  if (policy.may_connect && abi >= 4) TRY_VOID(allow_port(ruleset.get(), k_net_bind_tcp, 0));
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) < 0) {
    return failed(SandboxStep::landlock);
  }
  return abi;
}

}  // namespace peregrine::sys
