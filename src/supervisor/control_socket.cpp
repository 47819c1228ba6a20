#include "supervisor/control_socket.h"

#include <array>
#include <cstring>
#include <fmt/core.h>
#include <unistd.h>

#include "base/log.h"
#include "base/result.h"
#include "sys/descriptors.h"
#include "sys/sockets.h"

namespace peregrine::supervisor {
namespace {

using config::ConfigError;

constexpr unsigned k_most_connections = 32;
constexpr std::chrono::milliseconds k_first_byte_time{5'000};
constexpr std::chrono::milliseconds k_statistics_time{1'000};
constexpr std::chrono::milliseconds k_write_time{5'000};

bool is_operator(int connection) {
  auto who = sys::peer_credentials(connection);
  if (who && (who->user == 0 || who->user == ::geteuid())) return true;
  log_event(LogLevel::warning, "supervisor.operator_refused",
            {{"uid", who ? static_cast<long>(who->user) : -1L}});
  return false;
}

ConfigError control_error(const std::string& config_path) {
  return {.problem = config::ConfigProblem::bad_value,
          .file = config_path,
          .key = "server.control_socket",
          .what = {},
          .remedy = {}};
}

}  // namespace

std::expected<void, ConfigError> refuse_second_server(const config::Settings& settings,
                                                      const std::string& config_path) {
  const std::string& path = settings.server.control_socket;
  if (!sys::connect_unix(path)) return {};
  ConfigError error = control_error(config_path);
  error.what = fmt::format("a server is running at {}", path);
  error.remedy = "stop it first, or give this one its own server.data_directory";
  return std::unexpected(std::move(error));
}

std::expected<sys::Fd, ConfigError> bind_control_socket(const config::Settings& settings,
                                                        const std::string& config_path) {
  TRY_VOID(refuse_second_server(settings, config_path));
  const std::string& path = settings.server.control_socket;
  ConfigError error = control_error(config_path);
  auto socket = sys::listen_unix(path, 0600);
  if (socket) return std::move(*socket);
  error.what = fmt::format("cannot listen on {}: {}", path, std::strerror(socket.error().number));
  error.remedy = socket.error().number == EACCES
                     ? "the server's user must be able to write to the socket's directory"
                     : bind_remedy(socket.error().number);
  return std::unexpected(std::move(error));
}

net::Task<void> ControlSocket::accept_from(sys::Fd listener) {
  net::FdWatch watch(gate_.loop(), std::move(listener));
  while (true) {
    auto accepted = sys::accept_connection(watch.fd());
    if (accepted) {
      bool served = open_ < k_most_connections && is_operator(accepted->fd.get());
      if (served) gate_.spawn(serve(std::move(accepted->fd)));
      continue;
    }
    if (!sys::would_block(accepted.error())) {
      co_await net::sleep_until(gate_.loop(), deadline_in(std::chrono::milliseconds(100)));
      continue;
    }
    net::WaitResult wait = co_await watch.readable(Deadline::max());
    if (wait != net::WaitResult::ready) break;
  }
}

net::Task<void> ControlSocket::serve(sys::Fd connection) {
  ++open_;
  net::Stream stream(gate_.loop(), std::move(connection));
  // One byte and no more: what follows belongs to whom the connection goes to.
  std::array<char, 1> first{};
  auto got = co_await stream.read(first, deadline_in(k_first_byte_time));
  if (got && first[0] == 'S') {
    co_await answer_status(stream, status_json);
  } else if (got && first[0] == 'T') {
    co_await answer_status(stream, status_text);
  } else if (got && first[0] == 'A') {
    if (!children_.pass_operator(stream.release())) {
      log_event(LogLevel::warning, "supervisor.operator_without_core");
    }
  }
  --open_;
}

net::Task<void> ControlSocket::answer_status(net::Stream& stream, Write write) {
  std::vector<ChildReport> reports =
      co_await children_.ask_statistics(deadline_in(k_statistics_time));
  std::string document = write(reports, children_.listeners());
  auto written = co_await stream.write(document, deadline_in(k_write_time));
  if (!written) log_event(LogLevel::debug, "supervisor.operator_gone");
}

}  // namespace peregrine::supervisor
