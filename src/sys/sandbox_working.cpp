#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/descriptors.h"
#include "sys/memfd.h"
#include "sys/sandbox_acts.h"

namespace peregrine::sys {
namespace {

using Stage = const ProbeStage&;
using Policy = const SandboxPolicy&;

bool always(Policy) {
  return true;
}
bool when_threading(Policy p) {
  return p.may_create_threads;
}
bool when_resolving(Policy p) {
  return p.may_resolve && !p.resolve_ports.empty();
}
bool when_writing(Policy p) {
  return !p.data_directory.empty() && p.may_write_files;
}
bool when_reading(Policy p) {
  return !p.data_directory.empty();
}
bool when_memory_files(Policy p) {
  return p.limits.file_bytes >= kib(64);
}

// Nothing failed, yet it is not what was expected.
constexpr int k_wrong_result = EPROTO;

int read_and_write(Stage s) {
  std::array<char, 1> byte{};
  if (::write(s.pair.first.get(), "x", 1) != 1) return errno;
  if (::send(s.pair.first.get(), "y", 1, MSG_NOSIGNAL) != 1) return errno;
  if (::read(s.pair.second.get(), byte.data(), 1) != 1 || byte[0] != 'x') return k_wrong_result;
  if (::recv(s.pair.second.get(), byte.data(), 1, 0) != 1) return errno;
  return byte[0] == 'y' ? 0 : k_wrong_result;
}

int allocate(Stage) {
  // Small ones from the heap, large ones from mappings that are given back.
  for (std::size_t size : {std::size_t{16}, kib(4), kib(512), mib(32)}) {
    std::string block(size, 'x');
    block.resize(size * 2);
    if (block.size() != size * 2) return k_wrong_result;
  }
  return 0;
}

int tell_time(Stage) {
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME, &now) < 0) return errno;
  return error_of(::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now));
}

int draw_random(Stage) {
  std::array<char, 16> bytes{};
  return error_of(::getrandom(bytes.data(), bytes.size(), 0));
}

int wait_for_events(Stage s) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(s.epoll.get(), EPOLL_CTL_ADD, s.timer.get(), &event) < 0) return errno;
  itimerspec soon{};
  soon.it_value.tv_nsec = 1'000'000;
  if (::timerfd_settime(s.timer.get(), 0, &soon, nullptr) < 0) return errno;
  int count = ::epoll_wait(s.epoll.get(), &event, 1, 1000);
  return count == 1 ? 0 : count < 0 ? errno : k_wrong_result;
}

int ask_sockets(Stage s) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(s.client.get(), SOL_SOCKET, SO_ERROR, &value, &size) < 0) return errno;
  int one = 1;
  if (::setsockopt(s.client.get(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one) < 0) {
    return errno;
  }
  if (auto done = set_nonblocking(s.client.get()); !done) return done.error().number;
  return error_of(::shutdown(s.client.get(), SHUT_WR));
}

int receive_a_descriptor(Stage s) {
  // The parent end of the stage put one into the pair's queue before the seal.
  std::array<char, 4> buffer{};
  auto message = receive_with_descriptors(s.pair.first.get(), buffer, 1);
  if (!message) return message.error().number;
  return message->descriptors.size() == 1 ? 0 : k_wrong_result;
}

int use_memory_file(Stage) {
  std::string body(kib(64), 'm');
  auto file = create_sealed_memfd(body);
  if (!file) return file.error().number;
  auto mapping = SealedMapping::open(file->get(), kib(64));
  if (!mapping) return mapping.error().number;
  auto copy = read_sealed(file->get(), kib(64));
  if (!copy) return copy.error().number;
  return mapping->view() == body && *copy == body ? 0 : k_wrong_result;
}

// By new sockets, as each question has. Nobody may listen: a refusal comes from there.
int ask_a_name_server(Stage s) {
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(s.policy.resolve_ports.front());
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* address = reinterpret_cast<sockaddr*>(&server);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  Fd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
  if (!udp) return errno;
  if (::bind(udp.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) < 0) return errno;
  if (::sendto(udp.get(), "x", 1, MSG_NOSIGNAL, address, sizeof server) < 0) return errno;
  Fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!tcp) return errno;
  int error = error_of(::connect(tcp.get(), address, sizeof server));
  return error == ECONNREFUSED ? 0 : error;
}

int write_to_standard_error(Stage) {
  return error_of(::write(STDERR_FILENO, "", 0));
}

int list_directory(Stage s) {
  int fd = ::open(s.policy.data_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  std::array<char, 1024> entries{};
  return error_of(::syscall(SYS_getdents64, fd, entries.data(), entries.size()));
}

int keep_a_file(Stage s) {
  std::string path = s.policy.data_directory + "/peregrine-probe." + std::to_string(::getpid());
  std::string second = path + ".renamed";
  Fd file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!file) return errno;
  int error = 0;
  auto note = [&error](long result) {
    if (result < 0 && error == 0) error = errno;
  };
  note(::pwrite(file.get(), "mail", 4, 0));
  note(::fallocate(file.get(), 0, 0, 8192));
  note(::ftruncate(file.get(), 4));
  note(::fdatasync(file.get()));
  note(::fsync(file.get()));
  struct flock lock{};
  lock.l_type = F_WRLCK;
  note(::fcntl(file.get(), F_SETLK, &lock));
  note(::rename(path.c_str(), second.c_str()));
  note(::mkdir(path.c_str(), 0700));
  note(::rmdir(path.c_str()));
  note(::access(second.c_str(), R_OK));
  note(::unlink(second.c_str()));
  return error;
}

void* do_nothing(void* argument) {
  return argument;
}

int start_thread(Stage) {
  pthread_t thread{};
  int value = 0;
  void* returned = nullptr;
  if (int error = ::pthread_create(&thread, nullptr, do_nothing, &value); error != 0) return error;
  ::pthread_setname_np(thread, "probe");
  if (int error = ::pthread_join(thread, &returned); error != 0) return error;
  return returned == &value ? 0 : k_wrong_result;
}

constexpr auto k_working = std::to_array<ProbeAct>({
    {"read and write", always, read_and_write},
    {"allocate memory", always, allocate},
    {"tell the time", always, tell_time},
    {"draw random bytes", always, draw_random},
    {"wait for events", always, wait_for_events},
    {"ask sockets", always, ask_sockets},
    {"receive a descriptor", always, receive_a_descriptor},
    {"ask a name server", when_resolving, ask_a_name_server},
    {"write to standard error", always, write_to_standard_error},
    {"use a memory file", when_memory_files, use_memory_file},
    {"list the data directory", when_reading, list_directory},
    {"keep a file in the data directory", when_writing, keep_a_file},
    {"start a thread", when_threading, start_thread},
});

Fd open_listener(Fd& client) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  client = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  bool ready = ::bind(listener.get(), raw, size) == 0 && ::listen(listener.get(), 1) == 0 &&
               ::getsockname(listener.get(), raw, &size) == 0 &&
               ::connect(client.get(), raw, size) == 0;
  if (!ready) listener.reset();
  return listener;
}

}  // namespace

std::span<const ProbeAct> working_acts() {
  return k_working;
}

bool prepare_stage(const SandboxPolicy& policy, ProbeStage& stage) {
  stage.policy = policy;
  stage.parent = ::getppid();
  stage.parent_pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, stage.parent, 0)));
  stage.tcp = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  stage.udp = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  stage.unix_socket = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  stage.listener = open_listener(stage.client);
  stage.root = Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  stage.epoll = Fd(::epoll_create1(EPOLL_CLOEXEC));
  stage.timer = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  auto pair = socket_pair(SocketKind::stream);
  auto file = create_sealed_memfd("probe");
  if (!pair || !file) return false;
  stage.pair = std::move(*pair);
  stage.memory_file = std::move(*file);
  int passed = stage.root.get();
  return stage.parent_pidfd && stage.listener && stage.tcp && stage.udp && stage.unix_socket &&
         stage.epoll && stage.timer &&
         send_with_descriptors(stage.pair.second.get(), "fd", {&passed, 1}).has_value();
}

}  // namespace peregrine::sys
