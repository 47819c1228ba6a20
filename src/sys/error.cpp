#include "sys/error.h"

#include <cerrno>
#include <cstring>

namespace peregrine::sys {

std::unexpected<SysError> last_error(SysCall call) {
  return sys_error(call, errno);
}

std::unexpected<SysError> sys_error(SysCall call, int number) {
  return std::unexpected(SysError{call, number});
}

std::string_view call_name(SysCall call) {
  switch (call) {
    case SysCall::accept:
      return "accept";
    case SysCall::bind:
      return "bind";
    case SysCall::chmod:
      return "chmod";
    case SysCall::clock:
      return "clock";
    case SysCall::exec:
      return "exec";
    case SysCall::fcntl:
      return "fcntl";
    case SysCall::fork:
      return "fork";
    case SysCall::fsync:
      return "fsync";
    case SysCall::getsockopt:
      return "getsockopt";
    case SysCall::limit:
      return "limit";
    case SysCall::listen:
      return "listen";
    case SysCall::lseek:
      return "lseek";
    case SysCall::memfd_create:
      return "memfd_create";
    case SysCall::mkdir:
      return "mkdir";
    case SysCall::ftruncate:
      return "ftruncate";
    case SysCall::mmap:
      return "mmap";
    case SysCall::open:
      return "open";
    case SysCall::pidfd:
      return "pidfd";
    case SysCall::prctl:
      return "prctl";
    case SysCall::read:
      return "read";
    case SysCall::receive:
      return "receive";
    case SysCall::rename:
      return "rename";
    case SysCall::seals:
      return "seals";
    case SysCall::send:
      return "send";
    case SysCall::setsockopt:
      return "setsockopt";
    case SysCall::signal:
      return "signal";
    case SysCall::socket:
      return "socket";
    case SysCall::stat:
      return "stat";
    case SysCall::unlink:
      return "unlink";
    case SysCall::wait:
      return "wait";
    case SysCall::write:
      return "write";
  }
  return "?";
}

std::string describe(const SysError& error) {
  const char* text = ::strerrordesc_np(error.number);
  return std::string(call_name(error.call)) + ": " +
         (text != nullptr ? text : std::to_string(error.number));
}

bool would_block(const SysError& error) {
  return error.number == EAGAIN || error.number == EWOULDBLOCK || error.number == EINTR;
}

}  // namespace peregrine::sys
