#include "supervisor/inputs.h"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "sys/paths.h"
#include "sys/sockets.h"

namespace peregrine::supervisor {
namespace {

using config::ConfigError;
using config::ConfigProblem;

constexpr std::size_t k_max_pem = kib(64);

std::string address_of(const config::Listener& listener) {
  if (listener.ip.empty()) return listener.path;
  auto address = sys::SocketAddress::parse_ip(listener.ip, listener.port);
  return address ? address->to_string() : listener.ip;
}

sys::SysResult<sys::Fd> bind_one(const config::Listener& listener) {
  if (listener.ip.empty()) return sys::listen_unix(listener.path, listener.mode.bits);
  auto address = sys::SocketAddress::parse_ip(listener.ip, listener.port);
  if (!address) return sys::sys_error(sys::SysCall::bind, EINVAL);
  return sys::listen_tcp(*address);
}

std::expected<Bytes, ConfigError> read_pem(const std::string& path,
                                           const std::string& config_path) {
  auto bytes = sys::read_file(path, k_max_pem);
  if (bytes) return std::move(*bytes);
  return std::unexpected(
      ConfigError{.problem = ConfigProblem::missing_file,
                  .file = config_path,
                  .key = "tls.certificates",
                  .what = fmt::format("{} cannot be read: {}", path, sys::describe(bytes.error())),
                  .remedy = "name a PEM file that the server's user can read"});
}

std::expected<role::TlsIdentity, ConfigError> read_identity(const config::Certificate& files,
                                                            const std::string& config_path) {
  role::TlsIdentity identity;
  TRY(identity.chain_pem, read_pem(files.chain, config_path));
  TRY(identity.key_pem, read_pem(files.key, config_path));
  auto facts = crypto::read_certificate(identity.chain_pem, identity.key_pem);
  if (!facts) {
    bool chain = facts.error() == crypto::CertificateError::bad_chain;
    return std::unexpected(ConfigError{
        .problem = ConfigProblem::bad_value,
        .file = config_path,
        .key = "tls.certificates",
        .what =
            fmt::format("{}: {}", chain ? files.chain : files.key, crypto::describe(facts.error())),
        .remedy = "name a PEM certificate chain and the private key that belongs to it"});
  }
  if (facts->not_after < wall_now()) {
    log_event(LogLevel::warning, "supervisor.certificate_expired", {{"file", files.chain}});
  }
  return identity;
}

}  // namespace

std::string bind_remedy(int number) {
  switch (number) {
    case EADDRINUSE:
      return "another program listens there: stop it, or choose another address or "
             "listen.port_offset";
    case EACCES:
    case EPERM:
      return "ports below 1024 need root or CAP_NET_BIND_SERVICE; listen.port_offset avoids them";
    case EADDRNOTAVAIL:
      return "this machine has no such address";
    case EAFNOSUPPORT:
      return "this machine does not speak that kind of address";
    case ENOENT:
      return "the socket's directory does not exist";
    case EEXIST:
      return "a file that is no socket stands there; remove it or choose another path";
    default:
      return "choose another address";
  }
}

std::expected<std::vector<BoundListener>, ConfigError> bind_listeners(
    const config::Settings& settings, const std::string& config_path) {
  std::vector<BoundListener> out;
  for (const config::Listener& listener : config::listeners(settings)) {
    std::string address = address_of(listener);
    auto socket = bind_one(listener);
    if (!socket) {
      return std::unexpected(ConfigError{
          .problem = ConfigProblem::bad_value,
          .file = config_path,
          .key = fmt::format("listen.{}", service_name(listener.service)),
          .what =
              fmt::format("cannot listen on {}: {}", address, std::strerror(socket.error().number)),
          .remedy = bind_remedy(socket.error().number)});
    }
    out.push_back({listener.service, std::move(address), std::move(*socket)});
  }
  return out;
}

std::expected<std::vector<role::TlsIdentity>, ConfigError> read_identities(
    const config::Settings& settings, const std::string& config_path) {
  std::vector<role::TlsIdentity> out;
  for (const config::Certificate& files : settings.tls.certificates) {
    TRY(role::TlsIdentity identity, read_identity(files, config_path));
    out.push_back(std::move(identity));
  }
  return out;
}

}  // namespace peregrine::supervisor
