#pragma once
// The last act of a role before it serves: a process gives up everything its policy does not name.
// After enter_sandbox() a forbidden system call kills the process (SIGSYS). Works as root, who
// loses the identity too, and as an ordinary user. Call it once, in a process with one thread, with
// every descriptor, signalfd, epoll set and eventfd already open, and with the libraries warmed up
// (the list stands in README.md). sandbox_check.h proves a policy from the inside.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace peregrine::sys {

struct UserIds {
  uid_t user;
  gid_t group;
};

struct SandboxLimits {
  /// RLIMIT_NOFILE. Cut down to the hard limit when that is lower and cannot be raised.
  std::uint64_t open_files = 1024;
  /// RLIMIT_FSIZE: the largest file or memory file that the role may write. Left alone when the
  /// role's standard error is a regular file, so that a log cannot run into it.
  std::uint64_t file_bytes = 0;
  /// RLIMIT_AS when set. Ignored in sanitized builds, which map terabytes.
  std::optional<std::uint64_t> address_space;
};

/// The newest Landlock that this code makes use of.
inline constexpr int k_landlock_abi_known = 6;

/// What a role keeps. The default keeps: reading and writing what is open, memory, the clock,
/// waiting, receiving descriptors, memory files.
struct SandboxPolicy {
  /// The one directory whose files can be opened; empty: no path can be named at all.
  std::string data_directory;
  bool may_write_files = false;  ///< create, change, rename and remove below data_directory
  bool may_create_threads = false;
  bool may_accept = false;             ///< accept4(2) on sockets that listen already
  bool may_pass_descriptors = false;   ///< sendmsg(2)
  bool may_make_socket_pairs = false;  ///< socketpair(2) of Unix sockets
  /// Asks name servers: makes UDP and TCP sockets and sends to addresses. Never listens.
  bool may_resolve = false;
  std::vector<std::uint16_t> resolve_ports;  ///< the TCP ports to which may_resolve connects
  bool may_connect = false;                  ///< TCP sockets of its own, to any address and port
  /// Whom root becomes; must be absent or the caller's own ids when the caller is not root.
  std::optional<UserIds> run_as;
  SandboxLimits limits;
  /// For tests of what an older kernel gives.
  int landlock_abi_at_most = k_landlock_abi_known;
};

enum class SandboxStep : std::uint8_t {
  count_threads,  ///< EBUSY: more than one thread; ENOENT: /proc is not there
  no_new_privileges,
  limits,
  data_directory,
  landlock,
  bounding_set,
  secure_bits,
  change_user,
  drop_capabilities,  ///< EPERM also when some are left afterwards
  not_dumpable,
  parent_death,  ///< ESRCH: the parent ended meanwhile
  write_xor_execute,
  build_filter,
  load_filter,
};

struct SandboxError {
  SandboxStep step;
  int number;  ///< errno
  bool operator==(const SandboxError&) const = default;
};

/// What was in force at the end; a role logs it once.
struct SandboxReport {
  int landlock_abi =
      0;  ///< 0: this kernel has no Landlock, the file and TCP rules are seccomp's alone
  bool write_xor_execute = false;  ///< PR_SET_MDWE, kernel 6.3 and later
  bool is_root = false;            ///< uid 0 was kept (without any capability)
  std::uint64_t open_files = 0;
};

/// On an error some rights may be gone already: the caller must end the process.
std::expected<SandboxReport, SandboxError> enter_sandbox(const SandboxPolicy& policy);

std::string_view step_name(SandboxStep step);

}  // namespace peregrine::sys
