#pragma once
// For tests: a server at a loopback address that plays scripts, one a connection: it waits for what
// it expects and says what is written, whatever a real server would do.

#include <string>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/tls.h"
#include "net/gate.h"
#include "net/stream.h"
#include "sys/sockets.h"

namespace peregrine::courier {

enum class Then : std::uint8_t { go_on, close, start_tls, hang };

struct Exchange {
  std::string expect;  ///< how the next line begins; "": nothing; ".": a message's end
  std::string reply;   ///< may be empty
  Then then = Then::go_on;
};
using Script = std::vector<Exchange>;

class FakeServer {
 public:
  /// Port 0: any.
  FakeServer(net::Gate& gate, const std::string& ip, std::uint16_t port);

  std::vector<Script> scripts;  ///< further connections play the last one
  /// The certificate of Then::start_tls.
  crypto::CertificateAndKey identity = *crypto::make_self_signed({"mx.test"}, 2);
  bool implicit_tls = false;
  std::string received;  ///< all of it, decrypted
  std::string problems;  ///< lines that were not as expected
  std::size_t connections = 0;
  std::string last_peer;  ///< the address of the last one

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void stop() { listener_.cancel(); }

 private:
  struct Peer;
  net::Task<void> accept();
  net::Task<void> serve(sys::Fd fd, std::size_t number);
  net::Task<bool> play(Peer& peer, const Exchange& exchange);
  net::Task<bool> fill(Peer& peer);
  net::Task<bool> read_expected(Peer& peer, const std::string& expect);

  net::Gate& gate_;
  net::FdWatch listener_;
  std::uint16_t port_ = 0;
};

}  // namespace peregrine::courier
