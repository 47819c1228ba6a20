#include "sys/fd.h"

#include <array>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace peregrine::sys {

void Fd::reset() {
  // close(2) frees the number even when it reports an error: there is nothing to try again.
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

SysResult<void> set_nonblocking(int fd) {
  int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return last_error(SysCall::fcntl);
  return {};
}

SysResult<void> set_close_on_exec(int fd) {
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return last_error(SysCall::fcntl);
  return {};
}

SysResult<Fd> duplicate(int fd) {
  int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return last_error(SysCall::fcntl);
  return Fd(copy);
}

SysResult<FdPair> socket_pair(SocketKind kind, Blocking blocking) {
  std::array<int, 2> ends{};
  int type = (kind == SocketKind::stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC |
             (blocking == Blocking::no ? SOCK_NONBLOCK : 0);
  if (::socketpair(AF_UNIX, type, 0, ends.data()) < 0) return last_error(SysCall::socket);
  return FdPair{Fd(ends[0]), Fd(ends[1])};
}

SysResult<FdPair> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return last_error(SysCall::socket);
  return FdPair{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace peregrine::sys
