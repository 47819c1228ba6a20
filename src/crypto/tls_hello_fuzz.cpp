// Whatever arrives before a TLS handshake is finished: each input is the whole of what a client
// sends. The client's side of a real handshake is in the corpus.

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/certificate.h"
#include "crypto/tls.h"

namespace {

peregrine::crypto::TlsService make_service() {
  namespace crypto = peregrine::crypto;
  auto one = crypto::make_self_signed({"mail.example.org"}, 1);
  auto two = crypto::make_self_signed({"*.wild.example"}, 1);
  if (!one || !two) std::abort();
  auto service =
      crypto::TlsService::create({.name = "imaps", .alpn = {"imap"}},
                                 {{one->chain_pem, one->key_pem}, {two->chain_pem, two->key_pem}});
  if (!service) std::abort();
  return std::move(*service);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const peregrine::crypto::TlsService service = make_service();
  if (size > 60'000) return 0;  // more than the socket takes without a reader
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0) return 0;
  [[maybe_unused]] ssize_t sent = ::write(ends[0], data, size);
  {
    peregrine::crypto::TlsConnection tls(service, ends[1]);
    for (int i = 0; i < 4; ++i) {
      if (tls.handshake().status == peregrine::crypto::TlsConnection::Status::done) std::abort();
    }
    static_cast<void>(tls.server_name());
    static_cast<void>(tls.alpn());
    tls.shutdown();
  }
  ::close(ends[0]);
  ::close(ends[1]);
  return 0;
}
