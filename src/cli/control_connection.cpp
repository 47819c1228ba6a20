#include "cli/control_connection.h"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <unistd.h>

#include "sys/sockets.h"

namespace peregrine::cli {

Outcome<sys::Fd> connect_control(const config::Settings& settings, ControlKind kind) {
  const std::string& path = settings.server.control_socket;
  auto connection = sys::connect_unix(path);
  if (!connection) {
    int number = connection.error().number;
    // ECONNREFUSED: the file of a server that was killed.
    if (number == ENOENT || number == ECONNREFUSED || number == ENOTDIR) return sys::Fd();
    return problem(
        fmt::format("cannot reach the server at {}: {}; run this as root or as the "
                    "server's user",
                    path, std::strerror(number)));
  }
  auto byte = static_cast<char>(kind);
  if (::write(connection->get(), &byte, 1) != 1) {
    return problem(fmt::format("the server at {} has just ended; try again", path));
  }
  return std::move(*connection);
}

}  // namespace peregrine::cli
