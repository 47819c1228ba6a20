#pragma once
// Datagrams: whole messages with descriptors over a non-blocking SOCK_SEQPACKET socket. What cannot
// be sent at once waits in order. For handoffs and for the supervisor's control messages.

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "net/gate.h"
#include "net/watch.h"
#include "sys/fd.h"

namespace peregrine::rpc {

class Datagrams : public std::enable_shared_from_this<Datagrams> {
 public:
  /// `descriptor` is empty when none was attached.
  using Receive = std::function<void(BytesView message, sys::Fd descriptor)>;

  /// Reads in `gate`, which must outlive it, and calls `receive` for each message and `closed` once
  /// when the peer is gone. Owners: the role, and the reader while it runs; hence shared_ptr.
  static std::shared_ptr<Datagrams> create(net::Gate& gate, sys::Fd socket, std::size_t max_message,
                                           Receive receive, std::function<void()> closed);

  /// Queues and sends. False: the peer is gone.
  bool send(BytesView message, sys::Fd descriptor = {});
  /// The same for a descriptor that stays the caller's.
  bool send_borrowed(BytesView message, int descriptor);
  void close();
  [[nodiscard]] bool is_open() const { return open_; }

 private:
  Datagrams(net::Gate& gate, sys::Fd socket, std::size_t max_message, Receive receive,
            std::function<void()> closed);
  net::Task<void> run();
  net::Task<void> drain();
  [[nodiscard]] bool receive_one();

  enum class Sent : std::uint8_t { done, would_block, failed };
  Sent send_now(BytesView message, int descriptor);

  net::Gate& gate_;
  net::FdWatch watch_;
  std::size_t max_message_;
  Receive receive_;
  std::function<void()> closed_;
  bool open_ = true;
  bool draining_ = false;
  std::deque<std::pair<Bytes, sys::Fd>> queue_;
};

}  // namespace peregrine::rpc
