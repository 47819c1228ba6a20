#pragma once
// The error of a system call: which call failed and the errno it left. Every function of this
// module returns it in std::expected; nothing here throws or logs.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace peregrine::sys {

enum class SysCall : std::uint8_t {
  accept,
  bind,
  chmod,
  clock,
  exec,
  fcntl,
  fork,
  fsync,
  ftruncate,
  getsockopt,
  limit,  ///< not a call: a bound of ours was exceeded (EFBIG, E2BIG, EPROTO)
  listen,
  lseek,
  memfd_create,
  mkdir,
  mmap,
  open,
  pidfd,
  prctl,
  read,
  receive,
  rename,
  seals,  ///< not a call: a descriptor is not a fully sealed memory file (EPERM)
  send,
  setsockopt,
  signal,
  socket,
  stat,
  unlink,
  wait,
  write,
};

struct SysError {
  SysCall call;
  int number;  ///< errno
  bool operator==(const SysError&) const = default;
};

template <class T>
using SysResult = std::expected<T, SysError>;

/// The error that errno describes, ready to be returned.
std::unexpected<SysError> last_error(SysCall call);
std::unexpected<SysError> sys_error(SysCall call, int number);

std::string_view call_name(SysCall call);

/// "open: Permission denied", for the log.
std::string describe(const SysError& error);

/// True when a non-blocking call should be tried again after the next readiness event.
bool would_block(const SysError& error);

}  // namespace peregrine::sys
