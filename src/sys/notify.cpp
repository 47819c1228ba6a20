#include "sys/notify.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace peregrine::sys {

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  const char* value = std::getenv("NOTIFY_SOCKET");
  if (value == nullptr) return manager;
  std::string_view path = value;
  sockaddr_un address{};
  bool known_form = path.starts_with('/') || path.starts_with('@');
  if (!known_form || path.size() >= sizeof address.sun_path) return manager;
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  // "@" stands for the NUL that opens an abstract name.
  if (path[0] == '@') address.sun_path[0] = '\0';
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket && ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0) {
    manager.socket_ = std::move(socket);
  }
  return manager;
}

void ServiceManager::notify(std::string_view state) const {
  // The manager's copy of our state is a courtesy: a lost one is its own business.
  if (socket_) {
    [[maybe_unused]] ssize_t sent =
        ::send(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

}  // namespace peregrine::sys
