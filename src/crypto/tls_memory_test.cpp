#include <array>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/openssl_handles.h"
#include "crypto/tls.h"

namespace peregrine::crypto {
namespace {

using Status = TlsConnection::Status;

std::size_t resident_kib() {
  ::malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::getpagesize()) / 1024;
}

struct Idle {
  int fd;
  TlsConnection tls;
};

// Connects one client after another over sockets that arrive as numbers, keeps them all, and ends
// when the parent does.
[[noreturn]] void run_clients(const std::vector<std::array<int, 2>>& sockets) {
  ContextHandle context(SSL_CTX_new(TLS_client_method()));
  std::vector<SslHandle> clients;
  for (const auto& pair : sockets) {
    ::close(pair[1]);
    SslHandle ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), pair[0]);
    if (SSL_connect(ssl.get()) != 1) ::_exit(1);
    // One line there and back, so that what idles is a session in use.
    char byte = 'x';
    if (SSL_write(ssl.get(), &byte, 1) != 1 || SSL_read(ssl.get(), &byte, 1) != 1) ::_exit(2);
    clients.push_back(std::move(ssl));
  }
  char byte = 0;
  SSL_read(clients.back().get(), &byte, 1);
  ::_exit(0);
}

// On a socket that blocks until the last read, so that nothing spins here.
bool serve_one(TlsConnection& tls, int fd) {
  std::array<char, 1> byte{};
  return tls.handshake().status == Status::done && tls.read(byte).status == Status::done &&
         tls.write("y").status == Status::done && ::fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
         tls.read(byte).status == Status::want_read;
}

TEST(TlsMemory, AnIdleConnectionStaysWithinItsBudget) {
#ifdef PEREGRINE_SANITIZED
  GTEST_SKIP() << "sanitizers keep what is freed";
#endif
  constexpr std::size_t k_connections = 1000;
  rlimit files{2 * k_connections + 100, 2 * k_connections + 100};
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) GTEST_SKIP() << "needs 2,100 descriptors";
  auto pem = make_self_signed({"mail.example.org"}, 1);
  auto service = TlsService::create({.name = "imaps"}, {{pem->chain_pem, pem->key_pem}});
  ASSERT_TRUE(service);
  std::vector<std::array<int, 2>> sockets(k_connections);
  for (auto& pair : sockets) {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  }
  pid_t client = ::fork();
  if (client == 0) run_clients(sockets);
  std::vector<Idle> idle;
  idle.reserve(k_connections);
  std::size_t before = 0;
  for (auto& pair : sockets) {
    ::close(pair[0]);
    idle.push_back({pair[1], TlsConnection(*service, pair[1])});
    ASSERT_TRUE(serve_one(idle.back().tls, pair[1])) << idle.back().tls.error();
    // What a process has once, however many connections it holds, is there after the first ones.
    if (idle.size() == 100) before = resident_kib();
  }
  std::size_t used = resident_kib() - before;
  double each = static_cast<double>(used) / (k_connections - 100);
  RecordProperty("kib_each", std::to_string(each));
  std::printf("TLS 1.3 idle: %.1f KiB each\n", each);
  EXPECT_LT(each, 20.0);
  for (Idle& one : idle) ::close(one.fd);
}

}  // namespace
}  // namespace peregrine::crypto
