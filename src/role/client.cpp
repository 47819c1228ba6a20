#include "role/client.h"

#include <array>
#include <utility>

namespace peregrine::role {
namespace {

using namespace std::chrono_literals;

// How long a client may leave replies unread.
constexpr auto k_write_time = 5min;
// What out() may keep while the session waits.
constexpr std::size_t k_kept_capacity = kib(1);

// One for the process: a session uses what it read before it waits again.
std::array<char, kib(64)>& read_buffer() {
  static std::array<char, kib(64)> buffer;
  return buffer;
}

}  // namespace

Client::Client(Worker& worker, Connection& connection)
    : worker_(worker),
      connection_(connection),
      unread_(std::exchange(connection.facts.unread, Bytes())) {}

net::Task<Client::Input> Client::receive(Deadline deadline) {
  is_receiving_ = true;
  bool sent = co_await flush();
  Input input = Input::end;
  if (sent) input = co_await wait_for_input(deadline);
  is_receiving_ = false;
  interrupted_ = false;
  co_return input;
}

net::Task<Client::Input> Client::wait_for_input(Deadline deadline) {
  if (out_.capacity() > k_kept_capacity) Bytes().swap(out_);
  if (!unread_.empty() && received_.empty()) {
    received_ = unread_;
    co_return Input::data;
  }
  if (!unread_.empty()) Bytes().swap(unread_);
  while (true) {
    if (worker_.is_stopping()) co_return Input::stopping;
    if (interrupted_) co_return Input::interrupted;
    if (!read_more_) {
      net::WaitResult wait = co_await connection_.stream.readable(deadline);
      if (wait == net::WaitResult::timed_out) co_return Input::timed_out;
      if (wait == net::WaitResult::cancelled) continue;
    }
    auto& buffer = read_buffer();
    net::Stream::ReadResult read = connection_.stream.try_read(buffer);
    read_more_ = read.kind == net::Stream::Read::data && read.size == buffer.size();
    if (read.kind == net::Stream::Read::data) {
      received_ = BytesView(buffer.data(), read.size);
      co_return Input::data;
    }
    if (read.kind != net::Stream::Read::would_block) co_return Input::end;
  }
}

void Client::interrupt() {
  if (!is_receiving_) return;
  interrupted_ = true;
  connection_.stream.cancel();
}

net::Task<bool> Client::flush() {
  BytesView rest = out_;
  Deadline deadline = rest.empty() ? Deadline() : deadline_in(k_write_time);
  while (!rest.empty()) {
    auto wrote = connection_.stream.try_write(rest);
    if (!wrote) co_return false;
    rest.remove_prefix(*wrote);
    if (rest.empty()) break;
    net::WaitResult wait = co_await connection_.stream.writable(deadline);
    // A cancelled wait is meant for a reader, or says that the process ends: the reply still goes.
    if (wait == net::WaitResult::timed_out) co_return false;
  }
  out_.clear();
  co_return true;
}

}  // namespace peregrine::role
