#include "sys/sockets.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/result.h"

namespace peregrine::sys {
namespace {

constexpr std::string_view k_unix_prefix = "unix:";
constexpr std::array<std::uint8_t, 12> k_mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

SysResult<void> switch_on(int fd, int level, int name) {
  int one = 1;
  if (::setsockopt(fd, level, name, &one, sizeof one) < 0) return last_error(SysCall::setsockopt);
  return {};
}

SysResult<void> bind_to(int fd, const SocketAddress& address) {
  sockaddr_storage storage{};
  socklen_t size = address.to_native(storage);
  if (size == 0) return sys_error(SysCall::bind, EINVAL);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&storage), size) < 0) {
    return last_error(SysCall::bind);
  }
  return {};
}

std::optional<SocketAddress> unix_address(const std::string& path) {
  return SocketAddress::parse(std::string(k_unix_prefix) + path);
}

SysResult<void> remove_stale_socket(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) < 0) {
    if (errno == ENOENT) return {};
    return last_error(SysCall::stat);
  }
  if (!S_ISSOCK(info.st_mode)) return sys_error(SysCall::bind, EEXIST);
  // EAGAIN: somebody listens, and its backlog is full.
  auto answer = connect_unix(path);
  if (answer || answer.error().number == EAGAIN) return sys_error(SysCall::bind, EADDRINUSE);
  if (::unlink(path.c_str()) < 0) return last_error(SysCall::unlink);
  return {};
}

}  // namespace

std::optional<SocketAddress> SocketAddress::parse_ip(std::string_view text, std::uint16_t port) {
  SocketAddress out;
  out.port_ = port;
  std::string terminated(text);
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  if (::inet_pton(AF_INET, terminated.c_str(), out.ip_.data()) == 1) {
    out.kind_ = AddressKind::ipv4;
    return out;
  }
  if (::inet_pton(AF_INET6, terminated.c_str(), out.ip_.data()) != 1) return std::nullopt;
  return from_ip_bytes(out.ip_, port);
}

SocketAddress SocketAddress::from_ip_bytes(std::span<const std::uint8_t> ip, std::uint16_t port) {
  SocketAddress out;
  if (ip.size() != 4 && ip.size() != 16) return out;
  bool is_mapped =
      ip.size() == 16 && std::equal(k_mapped_prefix.begin(), k_mapped_prefix.end(), ip.begin());
  if (is_mapped) ip = ip.subspan(k_mapped_prefix.size());
  std::copy(ip.begin(), ip.end(), out.ip_.begin());
  out.kind_ = ip.size() == 4 ? AddressKind::ipv4 : AddressKind::ipv6;
  out.port_ = port;
  return out;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  if (text.starts_with(k_unix_prefix)) {
    text.remove_prefix(k_unix_prefix.size());
    sockaddr_un limit{};
    if (text.empty() || text.size() >= sizeof limit.sun_path) return std::nullopt;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    SocketAddress out;
    out.kind_ = AddressKind::unix_path;
    out.path_ = text;
    return out;
  }
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto port = parse_number(text.substr(colon + 1), 65535);
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // An IPv6 address without brackets would leave the port to guessing.
  bool has_colon = host.find(':') != std::string_view::npos;
  if (bracketed != has_colon) return std::nullopt;
  return parse_ip(host, static_cast<std::uint16_t>(*port));
}

SocketAddress SocketAddress::from_native(const sockaddr_storage& storage, socklen_t size) {
  SocketAddress out;
  if (storage.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in native{};
    std::memcpy(&native, &storage, sizeof native);
    out.kind_ = AddressKind::ipv4;
    out.port_ = ntohs(native.sin_port);
    std::memcpy(out.ip_.data(), &native.sin_addr, 4);
  } else if (storage.ss_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 native{};
    std::memcpy(&native, &storage, sizeof native);
    out.kind_ = AddressKind::ipv6;
    out.port_ = ntohs(native.sin6_port);
    std::memcpy(out.ip_.data(), &native.sin6_addr, 16);
    if (std::equal(k_mapped_prefix.begin(), k_mapped_prefix.end(), out.ip_.begin())) {
      SocketAddress mapped;
      mapped.kind_ = AddressKind::ipv4;
      mapped.port_ = out.port_;
      std::copy(out.ip_.begin() + 12, out.ip_.end(), mapped.ip_.begin());
      return mapped;
    }
  } else if (storage.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    sockaddr_un native{};
    std::memcpy(&native, &storage, std::min<std::size_t>(size, sizeof native));
    if (native.sun_path[0] == '\0') return out;
    out.kind_ = AddressKind::unix_path;
    out.path_.assign(native.sun_path, ::strnlen(native.sun_path, sizeof native.sun_path));
  }
  return out;
}

socklen_t SocketAddress::to_native(sockaddr_storage& out) const {
  out = {};
  switch (kind_) {
    case AddressKind::none:
      return 0;
    case AddressKind::ipv4: {
      sockaddr_in native{};
      native.sin_family = AF_INET;
      native.sin_port = htons(port_);
      std::memcpy(&native.sin_addr, ip_.data(), 4);
      std::memcpy(&out, &native, sizeof native);
      return sizeof native;
    }
    case AddressKind::ipv6: {
      sockaddr_in6 native{};
      native.sin6_family = AF_INET6;
      native.sin6_port = htons(port_);
      std::memcpy(&native.sin6_addr, ip_.data(), 16);
      std::memcpy(&out, &native, sizeof native);
      return sizeof native;
    }
    case AddressKind::unix_path: {
      sockaddr_un native{};
      native.sun_family = AF_UNIX;
      path_.copy(native.sun_path, sizeof native.sun_path - 1);
      std::memcpy(&out, &native, sizeof native);
      return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size() + 1);
    }
  }
  return 0;
}

std::string SocketAddress::ip_text() const {
  if (!is_ip()) return {};
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  int family = kind_ == AddressKind::ipv4 ? AF_INET : AF_INET6;
  return ::inet_ntop(family, ip_.data(), buffer.data(), buffer.size());
}

std::string SocketAddress::to_string() const {
  switch (kind_) {
    case AddressKind::none:
      return "none";
    case AddressKind::ipv4:
      return ip_text() + ":" + std::to_string(port_);
    case AddressKind::ipv6:
      return "[" + ip_text() + "]:" + std::to_string(port_);
    case AddressKind::unix_path:
      return std::string(k_unix_prefix) + path_;
  }
  return "none";
}

bool SocketAddress::is_loopback() const {
  if (kind_ == AddressKind::ipv4) return ip_[0] == 127;
  if (kind_ != AddressKind::ipv6) return false;
  return ip_[15] == 1 && std::all_of(ip_.begin(), ip_.end() - 1, [](auto b) { return b == 0; });
}

namespace {

struct Network {
  std::array<std::uint8_t, 16> prefix;
  unsigned bits;
};

// The IANA special-purpose registries (RFC 6890), as far as nothing there is a mail server for all.
constexpr std::array k_special_ipv4 = {
    Network{{0}, 8},
    Network{{10}, 8},
    Network{{100, 64}, 10},
    Network{{127}, 8},
    Network{{169, 254}, 16},
    Network{{172, 16}, 12},
    Network{{192, 0, 0}, 24},
    Network{{192, 0, 2}, 24},
    Network{{192, 88, 99}, 24},
    Network{{192, 168}, 16},
    Network{{198, 18}, 15},
    Network{{198, 51, 100}, 24},
    Network{{203, 0, 113}, 24},
    Network{{224}, 3},
};
// Global unicast is 2000::/3; within it what stands for something else.
constexpr std::array k_special_ipv6 = {
    Network{{0x20, 0x01}, 23},              // protocol assignments, Teredo among them
    Network{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    Network{{0x20, 0x02}, 16},              // 6to4: an IPv4 address in disguise
    Network{{0x3f, 0xff}, 20},              // documentation
};

bool is_within(std::span<const std::uint8_t> ip, const Network& network) {
  for (unsigned bit = 0; bit < network.bits; ++bit) {
    unsigned mask = 0x80U >> (bit % 8);
    if (((ip[bit / 8] ^ network.prefix[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

bool SocketAddress::is_global() const {
  auto contains = [this](const Network& network) { return is_within(ip_bytes(), network); };
  if (kind_ == AddressKind::ipv4) return std::ranges::none_of(k_special_ipv4, contains);
  if (kind_ != AddressKind::ipv6) return false;
  constexpr Network global{{0x20}, 3};
  return contains(global) && std::ranges::none_of(k_special_ipv6, contains);
}

std::span<const std::uint8_t> SocketAddress::ip_bytes() const {
  if (!is_ip()) return {};
  return std::span(ip_).first(kind_ == AddressKind::ipv4 ? 4 : 16);
}

SocketAddress SocketAddress::network(unsigned bits) const {
  SocketAddress out = *this;
  out.port_ = 0;
  for (unsigned i = 0; i < out.ip_.size(); ++i) {
    unsigned kept = std::min(8U, bits > 8 * i ? bits - 8 * i : 0U);
    out.ip_[i] = static_cast<std::uint8_t>(out.ip_[i] & (0xFF00U >> kept));
  }
  return out;
}

SysResult<Fd> listen_tcp(const SocketAddress& address, int backlog) {
  if (!address.is_ip()) return sys_error(SysCall::bind, EAFNOSUPPORT);
  bool v6 = address.kind() == AddressKind::ipv6;
  Fd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return last_error(SysCall::socket);
  TRY_VOID(switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR));
  TRY_VOID(switch_on(fd.get(), SOL_SOCKET, SO_KEEPALIVE));
  TRY_VOID(switch_on(fd.get(), IPPROTO_TCP, TCP_NODELAY));
  if (v6) TRY_VOID(switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY));
  TRY_VOID(bind_to(fd.get(), address));
  if (::listen(fd.get(), backlog) < 0) return last_error(SysCall::listen);
  return fd;
}

SysResult<Fd> listen_unix(const std::string& path, mode_t mode, int backlog) {
  auto address = unix_address(path);
  if (!address) return sys_error(SysCall::bind, ENAMETOOLONG);
  TRY_VOID(remove_stale_socket(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return last_error(SysCall::socket);
  // The file takes the socket's own mode at bind, less the umask: it is never wider than asked.
  if (::fchmod(fd.get(), mode) < 0) return last_error(SysCall::chmod);
  TRY_VOID(bind_to(fd.get(), *address));
  if (::chmod(path.c_str(), mode) < 0) return last_error(SysCall::chmod);
  if (::listen(fd.get(), backlog) < 0) return last_error(SysCall::listen);
  return fd;
}

SysResult<Fd> connect_unix(const std::string& path) {
  auto address = unix_address(path);
  if (!address) return sys_error(SysCall::socket, ENAMETOOLONG);
  // Non-blocking from the start: a full backlog is an error and not a wait without end.
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return last_error(SysCall::socket);
  sockaddr_storage storage{};
  socklen_t size = address->to_native(storage);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) < 0) {
    return last_error(SysCall::socket);
  }
  return fd;
}

SysResult<Fd> start_connect(const SocketAddress& peer, const SocketAddress& source) {
  if (!peer.is_ip()) return sys_error(SysCall::socket, EAFNOSUPPORT);
  int family = peer.kind() == AddressKind::ipv6 ? AF_INET6 : AF_INET;
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return last_error(SysCall::socket);
  TRY_VOID(switch_on(fd.get(), IPPROTO_TCP, TCP_NODELAY));
  if (source.kind() == peer.kind()) TRY_VOID(bind_to(fd.get(), source));
  sockaddr_storage storage{};
  socklen_t size = peer.to_native(storage);
  int connected = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size);
  if (connected < 0 && errno != EINPROGRESS) return last_error(SysCall::socket);
  return fd;
}

int connect_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return errno;
  return error;
}

SysResult<AcceptedSocket> accept_connection(int listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&storage), &size,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return last_error(SysCall::accept);
  return AcceptedSocket{Fd(fd), SocketAddress::from_native(storage, size)};
}

SysResult<SocketAddress> local_address(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) < 0) {
    return last_error(SysCall::getsockopt);
  }
  return SocketAddress::from_native(storage, size);
}

}  // namespace peregrine::sys
