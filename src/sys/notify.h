#pragma once
// What the service manager is told: "READY=1", "STOPPING=1", "RELOADING=1", "STATUS=…", one
// datagram each, to the socket that it names in NOTIFY_SOCKET. Connected once, before the seal,
// so that it works inside the sandbox. Without a service manager everything here does nothing.

#include <string_view>

#include "sys/fd.h"

namespace peregrine::sys {

class ServiceManager {
 public:
  /// Reads NOTIFY_SOCKET. An absent or unreachable manager gives an object that sends nothing.
  static ServiceManager from_environment();

  [[nodiscard]] bool is_present() const { return static_cast<bool>(socket_); }
  /// `state` as sd_notify(3) lists it, several lines separated by line feeds.
  void notify(std::string_view state) const;

 private:
  Fd socket_;
};

}  // namespace peregrine::sys
