#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/descriptors.h"
#include "sys/landlock.h"
#include "sys/sandbox_acts.h"

namespace peregrine::sys {

int error_of(long result) {
  return result < 0 ? errno : 0;
}

namespace {

using Stage = const ProbeStage&;
using Policy = const SandboxPolicy&;

// Every argument is chosen so that an act which goes through after all does no harm.

bool never(Policy) {
  return false;
}
bool when_accepting(Policy p) {
  return p.may_accept;
}
bool when_passing(Policy p) {
  return p.may_pass_descriptors;
}
bool when_pairing(Policy p) {
  return p.may_make_socket_pairs;
}
bool when_resolving(Policy p) {
  return p.may_resolve;
}
bool when_using_tcp(Policy p) {
  return p.may_connect || p.may_resolve;
}
// Which TCP ports a resolver reaches is Landlock's to say, from its fourth generation on.
bool when_reaching_any_port(Policy p) {
  return p.may_connect || (p.may_resolve && std::min(landlock_abi(), p.landlock_abi_at_most) < 4);
}
bool when_threading(Policy p) {
  return p.may_create_threads;
}

template <class... Arguments>
int raw(long number, Arguments... arguments) {
  return error_of(::syscall(number, arguments...));
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Nobody may listen there: that it was tried is what counts.
int connect_to(int fd, std::uint16_t port) {
  sockaddr_in address = loopback(port);
  int error = error_of(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
  return error == ECONNREFUSED ? 0 : error;
}

// Where TCP may be connected, a filter lets the call pass for any socket: what it stops then is the
// making of one.
int connect_udp(Stage s) {
  if (s.policy.may_connect) return error_of(::socket(AF_INET, SOCK_DGRAM, 0));
  return connect_to(s.udp.get(), 53);
}

int on_abstract_name(Stage s, decltype(&::connect) act) {
  if (when_using_tcp(s.policy)) return error_of(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, "\0peregrine-probe", 16);
  socklen_t size = offsetof(sockaddr_un, sun_path) + 16;
  return error_of(act(s.unix_socket.get(), reinterpret_cast<sockaddr*>(&address), size));
}

int send_udp(Stage s) {
  sockaddr_in address = loopback(53);
  return error_of(::sendto(s.udp.get(), "x", 1, MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
                           sizeof address));
}

int send_descriptor(Stage s) {
  int fd = s.tcp.get();
  auto sent = send_with_descriptors(s.pair.first.get(), "x", {&fd, 1});
  return sent ? 0 : sent.error().number;
}

int bind_tcp(Stage s) {
  sockaddr_in address = loopback(0);
  return error_of(::bind(s.tcp.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
}

int execute(Stage) {
  std::array<char*, 1> none{nullptr};
  return raw(SYS_execve, "/proc/self/exe", none.data(), none.data());
}

int execute_memory_file(Stage s) {
  std::array<char*, 1> none{nullptr};
  return raw(SYS_execveat, s.memory_file.get(), "", none.data(), none.data(), AT_EMPTY_PATH);
}

int in_new_process(long result) {
  if (result == 0) ::_exit(0);
  return error_of(result);
}

int clone_thread_flags(Stage) {
  // Without CLONE_VM the kernel refuses it anyway, but the filter must come first.
  return raw(SYS_clone, CLONE_THREAD, nullptr, nullptr, nullptr, nullptr);
}

int clone3_process(Stage) {
  std::array<std::uint64_t, 8> arguments{};
  arguments[4] = SIGCHLD;
  return in_new_process(::syscall(SYS_clone3, arguments.data(), sizeof arguments));
}

int read_parent_memory(Stage s) {
  std::array<char, 8> bytes{};
  iovec here{bytes.data(), bytes.size()};
  iovec there{const_cast<ProbeStage*>(&s), bytes.size()};
  return raw(SYS_process_vm_readv, s.parent, &here, 1UL, &there, 1UL, 0UL);
}

int make_memory_executable(Stage) {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return ENOMEM;
  return error_of(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

int map_executable(Stage) {
  void* page =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno : 0;
}

int map_file_executable(Stage s) {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, s.memory_file.get(), 0);
  return page == MAP_FAILED ? errno : 0;
}

int make_pipe_in(const std::string& directory) {
  std::string path = (directory.empty() ? "/tmp" : directory) + "/peregrine-probe-fifo";
  int error = error_of(::mknod(path.c_str(), S_IFIFO | 0600, 0));
  ::unlink(path.c_str());
  return error;
}

int raise_capabilities(Stage) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = 1U << CAP_SYS_ADMIN;
  return raw(SYS_capset, &header, data.data());
}

int set_alarm_owner(Stage s) {
  return error_of(::fcntl(s.pair.first.get(), F_SETOWN, s.parent));
}

int type_into_terminal(Stage s) {
  return error_of(::ioctl(s.pair.first.get(), TIOCSTI, "x"));
}

int set_forbidden_option(Stage s) {
  int one = 1;
  return error_of(::setsockopt(s.udp.get(), SOL_SOCKET, SO_BROADCAST, &one, sizeof one));
}

#ifdef __x86_64__
int call_by_x32_number(Stage) {
  return raw(0x40000000L + SYS_getpid);
}

int call_by_i386_gate(Stage) {
  long result = 20;  // getpid
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? static_cast<int>(-result) : 0;
}
#endif

constexpr auto k_forbidden = std::to_array<ProbeAct>({
    // Files.
    {"open /etc/passwd", never,
     [](Stage) { return raw(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }},
    {"open from a descriptor of /", never,
     [](Stage s) { return raw(SYS_openat, s.root.get(), "etc/passwd", O_RDONLY); }},
    {"create a file in /tmp", never,
     [](Stage) {
       return raw(SYS_openat, AT_FDCWD, "/tmp/peregrine-probe", O_CREAT | O_WRONLY, 0600);
     }},
    {"make a directory in /tmp", never,
     [](Stage) { return raw(SYS_mkdirat, AT_FDCWD, "/tmp/peregrine-probe-directory", 0700); }},
    {"make a named pipe", never, [](Stage s) { return make_pipe_in(s.policy.data_directory); }},
    {"make a symbolic link", never,
     [](Stage) { return raw(SYS_symlinkat, "/etc", AT_FDCWD, "/tmp/peregrine-probe-link"); }},
    {"change a mode", never, [](Stage s) { return error_of(::fchmod(s.memory_file.get(), 0700)); }},
    {"change an owner", never,
     [](Stage s) { return error_of(::fchown(s.memory_file.get(), ::getuid(), ~0U)); }},
    {"open by handle", never,
     [](Stage s) { return raw(SYS_open_by_handle_at, s.root.get(), nullptr, O_RDONLY); }},
    {"watch a directory", never, [](Stage) { return raw(SYS_inotify_init1, 0); }},
    // Network.
    {"socket tcp", when_using_tcp, [](Stage) { return error_of(::socket(AF_INET, SOCK_STREAM, 0)); }},
    {"socket udp", when_resolving, [](Stage) { return error_of(::socket(AF_INET6, SOCK_DGRAM, 0)); }},
    {"socket raw", never, [](Stage) { return error_of(::socket(AF_INET, SOCK_RAW, 1)); }},
    {"socket unix", never, [](Stage) { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"socket netlink", never, [](Stage) { return error_of(::socket(AF_NETLINK, SOCK_RAW, 0)); }},
    {"socket packet", never, [](Stage) { return error_of(::socket(AF_PACKET, SOCK_RAW, 0)); }},
    {"connect tcp to port 25", when_reaching_any_port, [](Stage s) { return connect_to(s.tcp.get(), 25); }},
    {"connect tcp to port 80", when_reaching_any_port, [](Stage s) { return connect_to(s.tcp.get(), 80); }},
    {"connect udp to port 53", when_resolving, connect_udp},
    {"socket tcp of another protocol", never,
     [](Stage) { return error_of(::socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP)); }},
    {"send udp to an address", when_resolving, send_udp},
    {"connect to an abstract socket", never,
     [](Stage s) { return on_abstract_name(s, ::connect); }},
    {"bind an abstract socket", never,
     [](Stage s) { return on_abstract_name(s, ::bind); }},
    {"bind tcp", when_reaching_any_port, bind_tcp},
    {"listen", never, [](Stage s) { return error_of(::listen(s.tcp.get(), 1)); }},
    {"accept", when_accepting,
     [](Stage s) {
       return error_of(::accept4(s.listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
     }},
    {"send a descriptor", when_passing, send_descriptor},
    {"make a socket pair", when_pairing,
     [](Stage) {
       auto pair = socket_pair(SocketKind::stream);
       return pair ? 0 : pair.error().number;
     }},
    {"make an internet socket pair", never,
     [](Stage) {
       std::array<int, 2> ends{};
       return error_of(::socketpair(AF_TIPC, SOCK_STREAM, 0, ends.data()));
     }},
    {"set an unlisted socket option", never, set_forbidden_option},
    // Programs and processes.
    {"execve", never, execute},
    {"execveat of a memory file", never, execute_memory_file},
    {"fork", never, [](Stage) { return in_new_process(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }},
    {"clone3 of a process", never, clone3_process},
    {"clone into a user namespace", never,
     [](Stage) {
       return in_new_process(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
     }},
    {"clone with odd flags", never, clone_thread_flags},
    {"ptrace the parent", never,
     [](Stage s) { return raw(SYS_ptrace, PTRACE_SEIZE, s.parent, 0L, 0L); }},
    {"read the parent's memory", never, read_parent_memory},
    {"kill the parent", never, [](Stage s) { return raw(SYS_kill, s.parent, 0); }},
    {"tgkill the parent", never,
     [](Stage s) { return raw(SYS_tgkill, s.parent, s.parent, 0); }},
    {"signal the parent by pidfd", never,
     [](Stage s) { return raw(SYS_pidfd_send_signal, s.parent_pidfd.get(), 0, nullptr, 0); }},
    {"open a pidfd", never, [](Stage s) { return raw(SYS_pidfd_open, s.parent, 0); }},
    {"take a descriptor of the parent", never,
     [](Stage s) { return raw(SYS_pidfd_getfd, s.parent_pidfd.get(), 2, 0); }},
    {"make the parent receive SIGIO", never, set_alarm_owner},
    {"type into a terminal", never, type_into_terminal},
    // Memory.
    {"mprotect to executable", never, make_memory_executable},
    {"mmap executable", never, map_executable},
    {"mmap a memory file executable", never, map_file_executable},
    {"pkey_mprotect", never, [](Stage) { return raw(SYS_pkey_mprotect, 0L, 4096L, PROT_READ, -1); }},
    {"shared memory segment", never, [](Stage) { return raw(SYS_shmget, 0, 4096, 0600); }},
    {"remap file pages", never, [](Stage) { return raw(SYS_remap_file_pages, 0, 0, 0, 0, 0); }},
    // Identity.
    {"setuid", never, [](Stage) { return error_of(::syscall(SYS_setuid, ::getuid())); }},
    {"setresuid to root", never, [](Stage) { return raw(SYS_setresuid, 0, 0, 0); }},
    {"setgroups", never, [](Stage) { return raw(SYS_setgroups, 0, nullptr); }},
    {"raise a capability", never, raise_capabilities},
    {"become dumpable", never, [](Stage) { return raw(SYS_prctl, PR_SET_DUMPABLE, 1L, 0L, 0L, 0L); }},
    {"raise a limit", never, [](Stage) { return raw(SYS_prlimit64, 0, 7, nullptr, nullptr); }},
    // The kernel.
    {"unshare", never, [](Stage) { return raw(SYS_unshare, CLONE_NEWUSER); }},
    {"setns", never, [](Stage s) { return raw(SYS_setns, s.parent_pidfd.get(), CLONE_NEWNS); }},
    {"mount", never, [](Stage) { return raw(SYS_mount, nullptr, nullptr, nullptr, 0L, nullptr); }},
    {"open_tree", never, [](Stage) { return raw(SYS_open_tree, AT_FDCWD, "/", 0); }},
    {"chroot", never, [](Stage) { return raw(SYS_chroot, "/"); }},
    {"pivot_root", never, [](Stage) { return raw(SYS_pivot_root, "/", "/"); }},
    {"io_uring_setup", never,
     [](Stage) {
       std::array<char, 120> parameters{};
       return raw(SYS_io_uring_setup, 1, parameters.data());
     }},
    {"io_uring_enter", never, [](Stage) { return raw(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0); }},
    {"io_uring_register", never, [](Stage) { return raw(SYS_io_uring_register, -1, 0, nullptr, 0); }},
    {"bpf", never, [](Stage) { return raw(SYS_bpf, 0xffff, nullptr, 0); }},
    {"seccomp", never, [](Stage) { return raw(SYS_seccomp, 0xffff, 0, nullptr); }},
    {"userfaultfd", never, [](Stage) { return raw(SYS_userfaultfd, 1); }},
    {"perf_event_open", never, [](Stage) { return raw(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"keyctl", never, [](Stage) { return raw(SYS_keyctl, 0, -1, 0, 0, 0); }},
    {"add_key", never, [](Stage) { return raw(SYS_add_key, nullptr, nullptr, nullptr, 0, 0); }},
    {"request_key", never, [](Stage) { return raw(SYS_request_key, nullptr, nullptr, nullptr, 0); }},
    {"init_module", never, [](Stage) { return raw(SYS_init_module, nullptr, 0, nullptr); }},
    {"finit_module", never, [](Stage) { return raw(SYS_finit_module, -1, nullptr, 0); }},
    {"personality", never, [](Stage) { return raw(SYS_personality, 0xffffffffL); }},
    {"settimeofday", never, [](Stage) { return raw(SYS_settimeofday, nullptr, nullptr); }},
    {"syslog", never, [](Stage) { return raw(SYS_syslog, 10, nullptr, 0); }},
    {"reboot", never, [](Stage) { return raw(SYS_reboot, 0, 0, 0, nullptr); }},
#ifdef __x86_64__
    {"a call by its x32 number", never, call_by_x32_number},
    {"a call by the i386 gate", never, call_by_i386_gate},
    {"iopl", never, [](Stage) { return raw(SYS_iopl, 0); }},
    {"modify_ldt", never, [](Stage) { return raw(SYS_modify_ldt, 0, nullptr, 0); }},
#endif
    {"make an eventfd", when_threading, [](Stage) { return raw(SYS_eventfd2, 0, 0); }},
});

}  // namespace

std::span<const ProbeAct> forbidden_acts() {
  return k_forbidden;
}

}  // namespace peregrine::sys
