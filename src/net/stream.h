#pragma once
// Stream: a connected, non-blocking stream socket, TCP or Unix, as a worker uses it: try_read()
// into a buffer of the caller's, readable() to wait without holding any buffer, write() of
// everything. One reader and one writer at a time. Dropping it closes the socket.

#include <expected>
#include <span>

#include "base/bytes.h"
#include "net/task.h"
#include "net/watch.h"

namespace peregrine::net {

enum class NetError : std::uint8_t { closed, timed_out, cancelled, reset };

class Stream {
 public:
  Stream(Loop& loop, sys::Fd fd) : watch_(loop, std::move(fd)) {}

  enum class Read : std::uint8_t { data, would_block, end, error };
  struct ReadResult {
    Read kind;
    std::size_t size = 0;  ///< bytes read, of Read::data
  };
  /// One read(2), never waiting.
  ReadResult try_read(std::span<char> buffer);
  [[nodiscard]] WaitFor readable(Deadline deadline) { return watch_.readable(deadline); }
  [[nodiscard]] WaitFor writable(Deadline deadline) { return watch_.writable(deadline); }

  /// Waits for data and reads it: at least one byte, or an error (`closed` at the end of the
  /// stream).
  Task<std::expected<std::size_t, NetError>> read(std::span<char> buffer, Deadline deadline);

  /// Writes what the socket takes at once; answers how many bytes.
  std::expected<std::size_t, NetError> try_write(BytesView data);
  /// Writes all of `data`. The view must stay valid until the task is done.
  Task<std::expected<void, NetError>> write(BytesView data, Deadline deadline);

  [[nodiscard]] int fd() const { return watch_.fd(); }
  /// Ends present waits with `cancelled`.
  void cancel() { watch_.cancel(); }
  /// Tells the peer that nothing follows.
  void shutdown_write();
  /// Gives the socket away, taken out of the loop.
  sys::Fd release() { return watch_.release(); }

 private:
  FdWatch watch_;
};

}  // namespace peregrine::net
