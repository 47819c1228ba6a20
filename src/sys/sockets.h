#pragma once
// Addresses and listening sockets. SocketAddress is a plain value; an IPv4 address mapped into IPv6
// is kept as IPv4, so that one client has one spelling. Listening happens before the seal.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "sys/fd.h"

namespace peregrine::sys {

enum class AddressKind : std::uint8_t { none, ipv4, ipv6, unix_path };

class SocketAddress {
 public:
  SocketAddress() = default;

  /// "192.0.2.1:25", "[2001:db8::1]:25", "unix:/run/x". No names, no zones, no missing ports.
  static std::optional<SocketAddress> parse(std::string_view text);
  /// An address without a port: "192.0.2.1" or "2001:db8::1".
  static std::optional<SocketAddress> parse_ip(std::string_view text, std::uint16_t port);
  /// 4 or 16 bytes in network order; none for any other number of them.
  static SocketAddress from_ip_bytes(std::span<const std::uint8_t> ip, std::uint16_t port);
  static SocketAddress from_native(const sockaddr_storage& storage, socklen_t size);

  /// The size that bind and connect want, 0 for none.
  socklen_t to_native(sockaddr_storage& out) const;

  /// As parse() reads it; "none" for none.
  [[nodiscard]] std::string to_string() const;
  /// The address alone, as RFC 5952 writes it; empty unless IPv4 or IPv6.
  [[nodiscard]] std::string ip_text() const;

  [[nodiscard]] AddressKind kind() const { return kind_; }
  [[nodiscard]] bool is_ip() const {
    return kind_ == AddressKind::ipv4 || kind_ == AddressKind::ipv6;
  }
  [[nodiscard]] bool is_loopback() const;
  /// Reachable by everyone: not loopback, private, shared, link-local, multicast, for documentation
  /// or benchmarks, or reserved, and no IPv6 form of such an IPv4 address.
  [[nodiscard]] bool is_global() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// 4 or 16 bytes in network order, or none.
  [[nodiscard]] std::span<const std::uint8_t> ip_bytes() const;
  /// The same network: all but the first `bits` of the address cleared, and no port.
  [[nodiscard]] SocketAddress network(unsigned bits) const;

  auto operator<=>(const SocketAddress&) const = default;

 private:
  AddressKind kind_ = AddressKind::none;
  std::array<std::uint8_t, 16> ip_{};
  std::uint16_t port_ = 0;
  std::string path_;
};

/// A non-blocking listening TCP socket. Accepted sockets inherit TCP_NODELAY and keep-alive. An
/// IPv6 socket takes IPv6 alone.
SysResult<Fd> listen_tcp(const SocketAddress& address, int backlog = 1024);

/// A non-blocking listening Unix stream socket whose file has exactly `mode`. A socket file left
/// over from an earlier run is replaced; one that somebody listens on is `bind` EADDRINUSE, any
/// other file `bind` EEXIST.
SysResult<Fd> listen_unix(const std::string& path, mode_t mode, int backlog = 128);

/// A connected, non-blocking Unix stream socket. EAGAIN: the listener accepts nobody just now.
SysResult<Fd> connect_unix(const std::string& path);

/// A non-blocking TCP socket that is connecting to `peer`; it becomes writable when that is over.
/// It leaves from `source` unless that is none or of another family.
SysResult<Fd> start_connect(const SocketAddress& peer, const SocketAddress& source);
/// 0 once start_connect()'s socket is connected, else errno.
int connect_error(int socket);

struct AcceptedSocket {
  Fd fd;  ///< non-blocking
  SocketAddress peer;
};

SysResult<AcceptedSocket> accept_connection(int listener);
SysResult<SocketAddress> local_address(int socket);

}  // namespace peregrine::sys
