#pragma once
// ControlSocket: where the operator's commands reach a running server. The first byte of a
// connection says what it is: 'A', hand it to the core, which speaks the admin methods on it; 'S'
// and 'T', answer with the status as JSON or as text and close. Only root and the server's own user
// are heard.

#include <expected>

#include "config/error.h"
#include "net/stream.h"
#include "supervisor/children.h"
#include "sys/fd.h"

namespace peregrine::supervisor {

/// An error while another server answers there.
std::expected<void, config::ConfigError> refuse_second_server(const config::Settings& settings,
                                                              const std::string& config_path);

/// Binds it, mode 0600. Refused while another server answers there.
std::expected<sys::Fd, config::ConfigError> bind_control_socket(const config::Settings& settings,
                                                                const std::string& config_path);

class ControlSocket {
 public:
  /// Both must outlive it.
  ControlSocket(net::Gate& gate, Children& children) : gate_(gate), children_(children) {}

  void listen(sys::Fd listener) { gate_.spawn(accept_from(std::move(listener))); }

 private:
  net::Task<void> accept_from(sys::Fd listener);
  net::Task<void> serve(sys::Fd connection);
  using Write = std::string (*)(const std::vector<ChildReport>&, const std::vector<BoundListener>&);
  net::Task<void> answer_status(net::Stream& stream, Write write);

  net::Gate& gate_;
  Children& children_;
  unsigned open_ = 0;
};

}  // namespace peregrine::supervisor
