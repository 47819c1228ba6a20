#include "courier/fake_server.h"

#include <array>
#include <gtest/gtest.h>

#include "base/cursor.h"
#include "net/tls_io.h"

namespace peregrine::courier {

namespace {

constexpr std::chrono::seconds k_patience{20};

sys::Fd listen_at(const std::string& ip, std::uint16_t port) {
  auto fd = sys::listen_tcp(*sys::SocketAddress::parse_ip(ip, port));
  EXPECT_TRUE(fd) << ip << ':' << port;
  return fd ? std::move(*fd) : sys::Fd();
}

}  // namespace

struct FakeServer::Peer {
  net::Stream stream;
  std::optional<crypto::TlsConnection> tls;
  Bytes buffer;
};

FakeServer::FakeServer(net::Gate& gate, const std::string& ip, std::uint16_t port)
    : gate_(gate), listener_(gate.loop(), listen_at(ip, port)) {
  port_ = sys::local_address(listener_.fd())->port();
  gate_.spawn(accept());
}

net::Task<void> FakeServer::accept() {
  while (true) {
    net::WaitResult wait = co_await listener_.readable(Deadline::max());
    if (wait != net::WaitResult::ready) co_return;
    auto accepted = sys::accept_connection(listener_.fd());
    if (accepted) last_peer = accepted->peer.ip_text();
    if (accepted) gate_.spawn(serve(std::move(accepted->fd), connections++));
  }
}

net::Task<void> FakeServer::serve(sys::Fd fd, std::size_t number) {
  if (scripts.empty()) co_return;
  Script script = scripts[std::min(number, scripts.size() - 1)];
  Peer peer{net::Stream(gate_.loop(), std::move(fd)), {}, {}};
  if (implicit_tls) script.insert(script.begin(), {"", "", Then::start_tls});
  for (const Exchange& exchange : script) {
    bool goes_on = co_await play(peer, exchange);
    if (!goes_on) co_return;
  }
  while (true) {
    std::size_t end = peer.buffer.find("\r\n");
    if (end != Bytes::npos) {
      bool is_quit = peer.buffer.starts_with("QUIT");
      if (!is_quit) problems += "unexpected: " + peer.buffer.substr(0, end) + "\n";
      peer.buffer.erase(0, end + 2);
      static_cast<void>(co_await play(peer, {"", is_quit ? "221 bye\r\n" : "500 what\r\n"}));
      continue;
    }
    bool more = co_await fill(peer);
    if (!more) co_return;
  }
}

net::Task<bool> FakeServer::fill(Peer& peer) {
  std::array<char, 4096> buffer{};
  std::expected<std::size_t, net::NetError> got = std::unexpected(net::NetError::closed);
  if (peer.tls) {
    got = co_await net::tls_read(*peer.tls, peer.stream, buffer, deadline_in(k_patience));
  } else {
    got = co_await peer.stream.read(buffer, deadline_in(k_patience));
  }
  if (!got) co_return false;
  peer.buffer.append(buffer.data(), *got);
  received.append(buffer.data(), *got);
  co_return true;
}

net::Task<bool> FakeServer::read_expected(Peer& peer, const std::string& expect) {
  constexpr std::string_view k_end = "\r\n.\r\n";
  while (true) {
    std::size_t end = peer.buffer.find(expect == "." ? k_end : "\r\n");
    if (end != Bytes::npos) {
      std::size_t size = end + (expect == "." ? k_end.size() : 2);
      if (expect != "." && !peer.buffer.starts_with(expect)) {
        problems += expect + " expected: " + peer.buffer.substr(0, end) + "\n";
        co_return false;
      }
      // The chunk comes behind its command.
      if (expect == "BDAT") size += parse_number(peer.buffer.substr(5, end - 10), 1 << 30).value();
      while (peer.buffer.size() < size) {
        bool more = co_await fill(peer);
        if (!more) co_return false;
      }
      peer.buffer.erase(0, size);
      co_return true;
    }
    bool more = co_await fill(peer);
    if (!more) co_return false;
  }
}

net::Task<bool> FakeServer::play(Peer& peer, const Exchange& exchange) {
  if (!exchange.expect.empty()) {
    bool is_there = co_await read_expected(peer, exchange.expect);
    if (!is_there) co_return false;
  }
  Deadline deadline = deadline_in(k_patience);
  if (!exchange.reply.empty()) {
    std::expected<void, net::NetError> written;
    if (peer.tls) {
      written = co_await net::tls_write(*peer.tls, peer.stream, exchange.reply, deadline);
    } else {
      written = co_await peer.stream.write(exchange.reply, deadline);
    }
    if (!written) co_return false;
  }
  switch (exchange.then) {
    case Then::go_on:
      co_return true;
    case Then::close:
      co_return false;
    case Then::hang:
      while (true) {
        bool more = co_await fill(peer);
        if (!more) co_return false;
      }
    case Then::start_tls:
      break;
  }
  auto service = crypto::TlsService::create({.name = "smtp", .alpn = {"http/1.1"}},
                                            {{identity.chain_pem, identity.key_pem}});
  peer.tls.emplace(*service, peer.stream.fd());
  bool shaken = co_await net::tls_handshake(*peer.tls, peer.stream, deadline);
  co_return shaken;
}

}  // namespace peregrine::courier
