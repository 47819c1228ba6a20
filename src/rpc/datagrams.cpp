#include "rpc/datagrams.h"

#include <sys/socket.h>
#include <utility>
#include <vector>

#include "base/log.h"
#include "sys/descriptors.h"

namespace peregrine::rpc {

Datagrams::Datagrams(net::Gate& gate, sys::Fd socket, std::size_t max_message, Receive receive,
                     std::function<void()> closed)
    : gate_(gate),
      watch_(gate.loop(), std::move(socket)),
      max_message_(max_message),
      receive_(std::move(receive)),
      closed_(std::move(closed)) {}

std::shared_ptr<Datagrams> Datagrams::create(net::Gate& gate, sys::Fd socket,
                                             std::size_t max_message, Receive receive,
                                             std::function<void()> closed) {
  std::shared_ptr<Datagrams> made(
      new Datagrams(gate, std::move(socket), max_message, std::move(receive), std::move(closed)));
  gate.spawn(made->run());
  return made;
}

net::Task<void> Datagrams::run() {
  auto self = shared_from_this();
  while (open_) {
    net::WaitResult wait = co_await watch_.readable(Deadline::max());
    if (wait != net::WaitResult::ready) break;
    while (open_ && receive_one()) {
    }
  }
  close();
}

// True: there may be more.
bool Datagrams::receive_one() {
  // One loop a thread, and a message is handled before the next is read.
  static thread_local std::vector<char> buffer;
  if (buffer.size() < max_message_) buffer.resize(max_message_);
  auto received = sys::receive_with_descriptors(watch_.fd(), {buffer.data(), max_message_}, 1);
  if (!received) {
    if (!sys::would_block(received.error())) close();
    return false;
  }
  if (received->bytes == 0) {
    close();
    return false;
  }
  sys::Fd descriptor;
  if (!received->descriptors.empty()) descriptor = std::move(received->descriptors.front());
  receive_(BytesView(buffer.data(), received->bytes), std::move(descriptor));
  return true;
}

Datagrams::Sent Datagrams::send_now(BytesView message, int descriptor) {
  std::span<const int> attached(&descriptor, descriptor >= 0 ? 1 : 0);
  if (attached.empty()) {
    // Without a descriptor sendmsg is not needed: not every role may use it.
    ssize_t n = ::send(watch_.fd(), message.data(), message.size(), MSG_NOSIGNAL);
    if (n >= 0) return Sent::done;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::would_block : Sent::failed;
  }
  auto sent = sys::send_with_descriptors(watch_.fd(), message, attached);
  if (sent) return Sent::done;
  return sys::would_block(sent.error()) ? Sent::would_block : Sent::failed;
}

bool Datagrams::send(BytesView message, sys::Fd descriptor) {
  if (!open_) return false;
  if (queue_.empty()) {
    Sent sent = send_now(message, descriptor.get());
    if (sent == Sent::done) return true;
    if (sent == Sent::failed) {
      close();
      return false;
    }
  }
  queue_.emplace_back(Bytes(message), std::move(descriptor));
  if (!std::exchange(draining_, true)) gate_.spawn(drain());
  return true;
}

bool Datagrams::send_borrowed(BytesView message, int descriptor) {
  auto copy = sys::duplicate(descriptor);
  if (!copy) return false;
  return send(message, std::move(*copy));
}

net::Task<void> Datagrams::drain() {
  auto self = shared_from_this();
  while (open_ && !queue_.empty()) {
    net::WaitResult wait = co_await watch_.writable(Deadline::max());
    if (wait != net::WaitResult::ready) break;
    while (open_ && !queue_.empty()) {
      auto& [message, descriptor] = queue_.front();
      Sent sent = send_now(message, descriptor.get());
      if (sent == Sent::would_block) break;
      if (sent == Sent::failed) {
        close();
        break;
      }
      queue_.pop_front();
    }
  }
  draining_ = false;
}

void Datagrams::close() {
  if (!std::exchange(open_, false)) return;
  queue_.clear();
  watch_.release();
  if (auto closed = std::exchange(closed_, {})) closed();
}

}  // namespace peregrine::rpc
