#pragma once
// Fd, the one owner of a file descriptor, and the few calls on any descriptor. Descriptors made
// here are close-on-exec; what a child may inherit is named in sys/process.h.

#include <utility>

#include "sys/error.h"

namespace peregrine::sys {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] explicit operator bool() const { return number_ >= 0; }
  /// Gives the number up: the caller owns it now.
  [[nodiscard]] int release() { return std::exchange(number_, -1); }
  void reset();

 private:
  int number_ = -1;
};

struct FdPair {
  Fd first;
  Fd second;
};

enum class SocketKind : std::uint8_t { stream, seqpacket };
enum class Blocking : std::uint8_t { yes, no };

SysResult<void> set_nonblocking(int fd);
SysResult<void> set_close_on_exec(int fd);

/// A second, independent owner of the same open file.
SysResult<Fd> duplicate(int fd);

/// Two connected Unix sockets. A role needs `may_make_socket_pairs` for it after the seal.
SysResult<FdPair> socket_pair(SocketKind kind, Blocking blocking = Blocking::no);

/// A pipe: `first` reads, `second` writes.
SysResult<FdPair> make_pipe();

}  // namespace peregrine::sys
