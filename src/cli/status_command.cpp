// peregrine status

#include <array>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include "cli/control_connection.h"
#include "cli/operator_line.h"

namespace peregrine::cli {
namespace {

constexpr int k_answer_milliseconds = 10'000;
constexpr std::size_t k_longest_answer = mib(1);

// Reads to the end.
Outcome<std::string> read_answer(int connection) {
  std::string out;
  std::array<char, kib(16)> buffer{};
  while (out.size() < k_longest_answer) {
    pollfd waiting{connection, POLLIN, 0};
    if (::poll(&waiting, 1, k_answer_milliseconds) <= 0) break;
    ssize_t got = ::read(connection, buffer.data(), buffer.size());
    if (got == 0 && !out.empty()) return out;
    if (got <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return problem("the server does not answer; its log says what it is doing");
}

Outcome<int> show_status(const Context& context) {
  TRY(config::Settings settings, load_settings(context));
  ControlKind kind = context.json ? ControlKind::status_json : ControlKind::status_text;
  TRY(sys::Fd connection, connect_control(settings, kind));
  if (!connection) {
    return problem(fmt::format("no server runs at {}; start it with: peregrine serve{}",
                               settings.server.control_socket, config_argument(context)));
  }
  TRY(std::string answer, read_answer(connection.get()));
  fmt::print("{}", answer);
  return k_done;
}

}  // namespace

void add_status(CLI::App& parent, Context& context) {
  CLI::App* command = add_command(parent, context, "status",
                                  "Show the running server's processes, sockets and connections");
  add_json_flag(*command, context);
  command->callback([&context] { context.action = [&context] { return show_status(context); }; });
}

}  // namespace peregrine::cli
