#include "sys/seccomp_filter.h"

#include <cerrno>
#include <fcntl.h>
#include <initializer_list>
#include <linux/fs.h>
#include <linux/futex.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/result.h"

namespace peregrine::sys {
namespace {

// Collects rules and remembers the first that libseccomp refuses.
class FilterBuilder {
 public:
  FilterBuilder() : filter_(::seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (filter_ == nullptr) {
      error_ = ENOMEM;
      return;
    }
    // Another architecture's numbers, x32 among them, mean other calls than those listed here.
    note(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    note(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  }

  void allow(std::initializer_list<int> calls) {
    for (int call : calls) add(SCMP_ACT_ALLOW, call, {});
  }
  void allow(int call, std::initializer_list<scmp_arg_cmp> conditions) {
    add(SCMP_ACT_ALLOW, call, conditions);
  }
  void refuse(int error, std::initializer_list<int> calls) {
    for (int call : calls) add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, {});
  }
  void refuse(int error, int call, std::initializer_list<scmp_arg_cmp> conditions) {
    add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, conditions);
  }

  std::expected<void, SandboxError> load() {
    if (error_ != 0) return std::unexpected(SandboxError{SandboxStep::build_filter, error_});
    if (int result = ::seccomp_load(filter_.get()); result < 0) {
      return std::unexpected(SandboxError{SandboxStep::load_filter, -result});
    }
    return {};
  }

 private:
  struct Release {
    void operator()(void* filter) const { ::seccomp_release(filter); }
  };

  void add(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions) {
    if (filter_ == nullptr) return;
    note(::seccomp_rule_add_array(filter_.get(), action, call,
                                  static_cast<unsigned>(conditions.size()), conditions.begin()));
  }
  void note(int result) {
    if (result < 0 && result != -EEXIST && error_ == 0) error_ = -result;
  }

  std::unique_ptr<void, Release> filter_;
  int error_ = 0;
};

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp masked(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// int arguments: the kernel ignores the upper half of the register, and so does the check.
constexpr std::uint64_t k_int = 0xFFFFFFFF;

scmp_arg_cmp equals_int(unsigned argument, std::uint64_t value) {
  return masked(argument, k_int, value);
}

// What any code needs that only computes and waits.
void allow_base(FilterBuilder& filter) {
  filter.allow({SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev),
                SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(close)});
  filter.allow({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap)});
  filter.allow({SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
                SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_settime),
                SCMP_SYS(timerfd_gettime)});
  filter.allow({SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
                SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday),
                SCMP_SYS(time)});
  filter.allow({SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getrusage),
                SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu)});
  filter.allow({SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
                SCMP_SYS(exit), SCMP_SYS(exit_group)});
  // abort() and nothing else: no signal reaches another process.
  filter.allow(SCMP_SYS(tgkill), {equals_int(0, static_cast<std::uint64_t>(::getpid()))});
}

void allow_memory(FilterBuilder& filter) {
  // No page ever becomes executable.
  filter.allow(SCMP_SYS(mmap), {masked(2, PROT_EXEC, 0)});
  filter.allow(SCMP_SYS(mprotect), {masked(2, PROT_EXEC, 0)});
  for (int advice : {MADV_NORMAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE,
                     MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_RANDOM, MADV_SEQUENTIAL}) {
    filter.allow(SCMP_SYS(madvise), {equals_int(2, static_cast<std::uint64_t>(advice))});
  }
  // Without the priority-inheritance operations, which have a history of holes.
  for (int operation : {FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP,
                        FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET}) {
    filter.allow(SCMP_SYS(futex), {masked(1, k_int & static_cast<unsigned>(FUTEX_CMD_MASK),
                                          static_cast<std::uint64_t>(operation))});
  }
  // Memory files: never executable (0x10 is MFD_EXEC), never on huge pages.
  filter.allow(SCMP_SYS(memfd_create), {masked(1, MFD_HUGETLB | 0x10, 0)});
  filter.allow({SCMP_SYS(ftruncate), SCMP_SYS(fstat)});
}

void allow_descriptors(FilterBuilder& filter) {
  for (int command :
       {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_ADD_SEALS, F_GET_SEALS}) {
    filter.allow(SCMP_SYS(fcntl), {equals_int(1, static_cast<std::uint64_t>(command))});
  }
  filter.allow(SCMP_SYS(ioctl), {equals_int(1, FIONBIO)});
  filter.allow(SCMP_SYS(ioctl), {equals_int(1, FIONREAD)});
  // isatty(), which stdio asks of a stream at its first byte.
  filter.refuse(ENOTTY, SCMP_SYS(ioctl), {equals_int(1, TCGETS)});
}

void allow_sockets(FilterBuilder& filter, const SandboxPolicy& policy) {
  filter.allow({SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(shutdown), SCMP_SYS(getsockopt),
                SCMP_SYS(getsockname), SCMP_SYS(getpeername)});
  // send(), but not to an address.
  filter.allow(SCMP_SYS(sendto), {equals(4, 0)});
  for (int name : {SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_SNDBUF, SO_RCVLOWAT}) {
    filter.allow(SCMP_SYS(setsockopt),
                 {equals_int(1, SOL_SOCKET), equals_int(2, static_cast<std::uint64_t>(name))});
  }
  for (int name : {TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT,
                   TCP_USER_TIMEOUT, TCP_QUICKACK, TCP_NOTSENT_LOWAT}) {
    filter.allow(SCMP_SYS(setsockopt),
                 {equals_int(1, IPPROTO_TCP), equals_int(2, static_cast<std::uint64_t>(name))});
  }
  if (policy.may_accept) filter.allow({SCMP_SYS(accept4)});
  // A filter cannot look into a message header: sendmsg stands for passing descriptors.
  if (policy.may_pass_descriptors) filter.allow({SCMP_SYS(sendmsg)});
  if (policy.may_make_socket_pairs) {
    filter.allow(SCMP_SYS(socketpair), {equals_int(0, AF_UNIX)});
  }
}

// Sockets to name servers. A filter cannot look at an address: which TCP ports, is Landlock's to
// say.
void allow_resolving(FilterBuilder& filter) {
  constexpr std::uint64_t k_type = k_int & ~std::uint64_t{SOCK_CLOEXEC | SOCK_NONBLOCK};
  for (int family : {AF_INET, AF_INET6}) {
    for (int type : {SOCK_DGRAM, SOCK_STREAM}) {
      // The protocol that the type stands for, by name or as 0.
      for (int protocol : {0, type == SOCK_STREAM ? int{IPPROTO_TCP} : int{IPPROTO_UDP}}) {
        filter.allow(SCMP_SYS(socket), {equals_int(0, static_cast<std::uint64_t>(family)),
                                        masked(1, k_type, static_cast<std::uint64_t>(type)),
                                        equals_int(2, static_cast<std::uint64_t>(protocol))});
      }
    }
  }
  filter.allow({SCMP_SYS(connect), SCMP_SYS(bind)});
  // A "fast open" connects without asking Landlock. Who tries it and is refused connects in order.
  filter.allow(SCMP_SYS(sendto), {masked(3, MSG_FASTOPEN, 0)});
  filter.refuse(EOPNOTSUPP, SCMP_SYS(sendmsg), {masked(2, MSG_FASTOPEN, MSG_FASTOPEN)});
  filter.allow(SCMP_SYS(setsockopt), {equals_int(1, SOL_SOCKET), equals_int(2, SO_REUSEADDR)});
  for (int name : {IP_MTU_DISCOVER, IP_BIND_ADDRESS_NO_PORT}) {
    filter.allow(SCMP_SYS(setsockopt),
                 {equals_int(1, IPPROTO_IP), equals_int(2, static_cast<std::uint64_t>(name))});
  }
  for (int name : {IPV6_V6ONLY, IPV6_MTU, IPV6_MTU_DISCOVER}) {
    filter.allow(SCMP_SYS(setsockopt),
                 {equals_int(1, IPPROTO_IPV6), equals_int(2, static_cast<std::uint64_t>(name))});
  }
  filter.allow(SCMP_SYS(setsockopt), {equals_int(1, IPPROTO_TCP), equals_int(2, TCP_MAXSEG)});
}

// A filter cannot look at an address. What keeps connect() and bind() to TCP is that no other
// socket can be made, and that those which are open are connected.
void allow_connecting(FilterBuilder& filter) {
  constexpr std::uint64_t k_type = k_int & ~std::uint64_t{SOCK_CLOEXEC | SOCK_NONBLOCK};
  for (int family : {AF_INET, AF_INET6}) {
    filter.allow(SCMP_SYS(socket), {equals_int(0, static_cast<std::uint64_t>(family)),
                                    masked(1, k_type, SOCK_STREAM), equals_int(2, 0)});
  }
  filter.allow({SCMP_SYS(connect), SCMP_SYS(bind)});
}

void allow_threads(FilterBuilder& filter) {
  // clone3 keeps its flags in memory, where a filter cannot see them; glibc then uses clone.
  filter.refuse(ENOSYS, {SCMP_SYS(clone3)});
  constexpr std::uint64_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
  constexpr std::uint64_t forbidden = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE |
                                      CLONE_VFORK;
  filter.allow(SCMP_SYS(clone), {masked(0, thread | forbidden, thread)});
  filter.allow({SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_getparam),
                SCMP_SYS(sched_getscheduler), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(times),
                SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create)});
  filter.allow(SCMP_SYS(prctl), {equals_int(0, PR_SET_NAME)});
  // The C library's own two, SIGCANCEL and SIGSETXID, which its first thread installs.
  for (std::uint64_t number : {32U, 33U}) {
    filter.allow(SCMP_SYS(rt_sigaction), {equals_int(0, number)});
  }
  // A storage engine asks for a lower priority of its background work and copes without.
  filter.refuse(EPERM, {SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setaffinity),
                        SCMP_SYS(setpriority), SCMP_SYS(ioprio_set)});
}

// Which directory, is Landlock's to say. Links, modes, owners and special files are nobody's.
void allow_files(FilterBuilder& filter, const SandboxPolicy& policy) {
  filter.allow({SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(getdents64), SCMP_SYS(stat),
                SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(newfstatat), SCMP_SYS(access),
                SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
                SCMP_SYS(getcwd), SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(preadv),
                SCMP_SYS(preadv2), SCMP_SYS(readahead), SCMP_SYS(fadvise64)});
  filter.allow(SCMP_SYS(ioctl), {equals_int(1, FS_IOC_GETVERSION)});
  if (!policy.may_write_files) return;
  filter.allow({SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(pwritev2), SCMP_SYS(fsync),
                SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(syncfs),
                SCMP_SYS(fallocate), SCMP_SYS(truncate), SCMP_SYS(copy_file_range)});
  filter.allow({SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
                SCMP_SYS(renameat2), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir),
                SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(flock)});
  for (int command : {F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
                      F_SET_RW_HINT, F_GET_RW_HINT}) {
    filter.allow(SCMP_SYS(fcntl), {equals_int(1, static_cast<std::uint64_t>(command))});
  }
}

#ifdef PEREGRINE_SANITIZED
// A sanitizer's runtime maps with flags of its own, installs handlers, and looks at /proc when it
// reports; what it only looks at is refused instead of deadly, so that the report is written.
void allow_sanitizer(FilterBuilder& filter, const SandboxPolicy& policy) {
  filter.allow({SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(getrlimit),
                SCMP_SYS(prlimit64), SCMP_SYS(madvise), SCMP_SYS(uname)});
  if (policy.data_directory.empty()) {
    filter.refuse(EACCES, {SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(newfstatat),
                           SCMP_SYS(readlink), SCMP_SYS(access)});
  }
  filter.refuse(EACCES, {SCMP_SYS(open)});
  filter.refuse(EPERM, {SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(fork)});
  if (!policy.may_create_threads) {
    filter.refuse(EPERM, {SCMP_SYS(clone), SCMP_SYS(clone3)});
    filter.refuse(EPERM, {SCMP_SYS(prctl)});
  }
}
#endif

}  // namespace

std::expected<void, SandboxError> load_seccomp_filter(const SandboxPolicy& policy) {
  FilterBuilder filter;
  allow_base(filter);
  allow_memory(filter);
  allow_descriptors(filter);
  allow_sockets(filter, policy);
  if (policy.may_resolve) allow_resolving(filter);
  if (policy.may_connect) allow_connecting(filter);
  if (policy.may_create_threads) allow_threads(filter);
  if (!policy.data_directory.empty()) allow_files(filter, policy);
#ifdef PEREGRINE_SANITIZED
  allow_sanitizer(filter, policy);
#endif
  return filter.load();
}

}  // namespace peregrine::sys
