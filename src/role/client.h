#pragma once
// Client: the bytes from and to the client of a session. Replies are gathered in out() and leave in
// one write when the session waits for more input, or when there are many. While it waits, no
// buffer is held: what is read goes into one buffer that all sessions of the process share.
//
//   Client client(worker, connection);
//   Client::Input input = co_await client.receive(deadline);
//   if (input == Client::Input::data) framer.push(client.received());

#include <cstdint>

#include "base/bytes.h"
#include "net/task.h"
#include "role/worker.h"

namespace peregrine::role {

class Client {
 public:
  /// Both must outlive it. What `connection.facts.unread` holds is received first.
  Client(Worker& worker, Connection& connection);

  enum class Input : std::uint8_t {
    data,
    end,  ///< the client has gone
    timed_out,
    stopping,     ///< the process is to end
    interrupted,  ///< by interrupt()
  };
  /// Sends what is in out(), then waits for bytes.
  net::Task<Input> receive(Deadline deadline);
  /// What receive() read; valid until the next co_await.
  [[nodiscard]] BytesView received() const { return received_; }
  /// Ends a receive() that is under way. Does nothing when none is.
  void interrupt();

  [[nodiscard]] Bytes& out() { return out_; }
  /// Sends what is in out(). False when the client has gone, or does not read.
  net::Task<bool> flush();
  /// True when so much is in out() that it should be sent before more is made.
  [[nodiscard]] bool is_full() const { return out_.size() >= kib(32); }

 private:
  net::Task<Input> wait_for_input(Deadline deadline);

  Worker& worker_;
  Connection& connection_;
  Bytes unread_;
  BytesView received_;
  Bytes out_;
  bool is_receiving_ = false;
  bool interrupted_ = false;
  bool read_more_ = false;  // the last read filled the buffer: more is likely there
};

}  // namespace peregrine::role
