#include "supervisor/supervisor.h"

#include <csignal>
#include <cstring>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

#include "base/log.h"
#include "base/result.h"
#include "net/watch.h"
#include "supervisor/children.h"
#include "supervisor/control_socket.h"
#include "supervisor/identity.h"
#include "supervisor/inputs.h"
#include "supervisor/layout.h"
#include "supervisor/reload.h"
#include "sys/notify.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace peregrine::supervisor {
namespace {

using config::ConfigError;
using config::ConfigProblem;

// What surrounds the settings in a control message is a few bytes.
constexpr std::size_t k_max_settings = role::k_max_control - kib(1);

int refuse(const ConfigError& error) {
  fmt::print(stderr, "peregrine: {}\n", error.to_string());
  return 1;
}

ConfigError problem(const std::string& config_path, std::string key, std::string what,
                    std::string remedy) {
  return {.problem = ConfigProblem::bad_value,
          .file = config_path,
          .key = std::move(key),
          .what = std::move(what),
          .remedy = std::move(remedy)};
}

std::expected<Bytes, ConfigError> encode_settings(const config::Settings& settings,
                                                  const std::string& config_path) {
  Bytes encoded = config::encode(settings);
  if (encoded.size() <= k_max_settings) return encoded;
  return std::unexpected(
      problem(config_path, "", "the settings are too long", "list fewer addresses and files"));
}

AnswerBounds answer_bounds(const config::Settings& settings) {
  return {.answer = settings.roles.answer_time, .restart = settings.roles.restart_time};
}

class Supervisor {
 public:
  Supervisor(net::Loop& loop, std::string config_path, config::Settings settings, Supplies supplies)
      : loop_(loop),
        gate_(loop),
        config_path_(std::move(config_path)),
        settings_(std::move(settings)),
        manager_(sys::ServiceManager::from_environment()),
        children_(gate_, plan_processes(settings_, std::thread::hardware_concurrency()),
                  std::move(supplies),
                  {.serving = [this] { serving(); }, .hopeless = [this] { hopeless(); }}),
        control_(gate_, children_) {}

  int run(sys::Fd signals, sys::Fd control_listener) {
    gate_.spawn(watch_signals(std::move(signals)));
    control_.listen(std::move(control_listener));
    children_.start();
    loop_.run();
    return exit_code_;
  }

 private:
  net::Task<void> watch_signals(sys::Fd signals);
  net::Task<void> stop();
  void begin_stop();
  void serving();
  void hopeless();
  void reload();

  net::Loop& loop_;
  net::Gate gate_;
  std::string config_path_;
  config::Settings settings_;
  sys::ServiceManager manager_;
  Children children_;
  ControlSocket control_;
  bool stopping_ = false;
  int exit_code_ = 0;
};

net::Task<void> Supervisor::watch_signals(sys::Fd signals) {
  int number = signals.get();
  net::FdWatch watch(loop_, std::move(signals));
  while (true) {
    net::WaitResult wait = co_await watch.readable(Deadline::max());
    if (wait != net::WaitResult::ready) break;
    // Borrowed: the watch owns it.
    sys::Fd borrowed(number);
    while (auto event = sys::read_signal(borrowed)) {
      if (event->number == SIGTERM || event->number == SIGINT) begin_stop();
      if (event->number == SIGHUP) reload();
    }
    static_cast<void>(borrowed.release());
    // One SIGCHLD may stand for several ends.
    while (auto exit = sys::reap_child()) children_.ended(*exit);
  }
}

void Supervisor::serving() {
  fmt::print("ready\n");
  std::fflush(stdout);
  manager_.notify("READY=1\nSTATUS=serving");
  log_event(LogLevel::info, "supervisor.ready");
}

void Supervisor::hopeless() {
  log_event(LogLevel::error, "supervisor.gives_up",
            {{"reason", "its processes keep ending before they serve; see the lines before"}});
  exit_code_ = 1;
  begin_stop();
}

void Supervisor::begin_stop() {
  if (std::exchange(stopping_, true)) return;
  log_event(LogLevel::info, "supervisor.stopping");
  manager_.notify("STOPPING=1");
  gate_.spawn(stop());
}

net::Task<void> Supervisor::stop() {
  co_await children_.stop();
  ::unlink(settings_.server.control_socket.c_str());
  loop_.stop();
}

void Supervisor::reload() {
  if (stopping_) return;
  auto loaded = load_again(config_path_, settings_);
  if (!loaded) {
    log_event(LogLevel::error, "supervisor.not_reloaded", {{"error", loaded.error().to_string()}});
    return;
  }
  auto encoded = encode_settings(loaded->settings, config_path_);
  if (!encoded) {
    log_event(LogLevel::error, "supervisor.not_reloaded", {{"error", encoded.error().to_string()}});
    return;
  }
  settings_ = std::move(loaded->settings);
  log_set_output(settings_.log.format, settings_.log.level);
  children_.reload(std::move(*encoded), std::move(loaded->identities), answer_bounds(settings_));
  log_event(LogLevel::info, "supervisor.reloaded");
}

struct Prepared {
  Supplies supplies;
  sys::Fd control;
};

// Sockets and keys first, as root where that is needed; the control socket as the server's user.
std::expected<Prepared, ConfigError> prepare(const std::string& config_path,
                                             const config::Settings& settings) {
  Prepared out;
  // First: the sockets of a server that runs are not to be touched.
  TRY_VOID(refuse_second_server(settings, config_path));
  TRY(out.supplies.settings, encode_settings(settings, config_path));
  out.supplies.bounds = answer_bounds(settings);
  TRY(out.supplies.identities, read_identities(settings, config_path));
  TRY(out.supplies.listeners, bind_listeners(settings, config_path));
  TRY_VOID(leave_root(settings, config_path));
  TRY(out.control, bind_control_socket(settings, config_path));
  return out;
}

}  // namespace

int run(const std::string& config_path, config::Settings settings) {
  log_configure("supervisor", settings.log.format, settings.log.level);
  sys::ignore_broken_pipes();
  auto signals = sys::create_signal_fd({SIGTERM, SIGINT, SIGHUP, SIGCHLD});
  if (!signals) {
    return refuse(problem(config_path, "", "cannot receive signals", "free some descriptors"));
  }
  auto prepared = prepare(config_path, settings);
  if (!prepared) return refuse(prepared.error());
  net::Loop loop;
  Supervisor supervisor(loop, config_path, std::move(settings), std::move(prepared->supplies));
  return supervisor.run(std::move(*signals), std::move(prepared->control));
}

}  // namespace peregrine::supervisor
