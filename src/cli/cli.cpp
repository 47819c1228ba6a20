#include "cli/cli.h"

#include <cerrno>
#include <cstdio>
#include <fmt/core.h>
#include <iostream>
#include <system_error>

#include "base/log.h"
#include "cli/command.h"
#include "config/parse.h"
#include "sys/signals.h"

namespace peregrine::cli {
namespace {

constexpr std::string_view k_version = "peregrine " PEREGRINE_VERSION "\n";

// What the operator typed may stand in the line.
void complain(std::string_view line) {
  std::string safe;
  for (char c : line) safe.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  fmt::print(stderr, "peregrine: {}\n", safe);
}

int run_action(const Context& context) {
  Outcome<int> outcome = context.action();
  if (outcome) return *outcome;
  complain(outcome.error().line);
  return k_failed;
}

/// A reader that has seen enough (`| head`) is told nothing.
int output_failed(int number) {
  if (number != EPIPE) complain("standard output cannot be written; give it somewhere to go");
  return k_failed;
}

}  // namespace

CLI::App* add_group(CLI::App& parent, Context& context, const std::string& name,
                    const std::string& description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->add_option("--config", context.config_path, "The configuration file");
  group->require_subcommand(1);
  return group;
}

CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& description) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_option("--config", context.config_path, "The configuration file");
  return command;
}

void add_json_flag(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "Print JSON");
}

Outcome<config::Settings> load_settings(const Context& context) {
  auto settings = config::load_file(context.config_path);
  if (!settings) return problem(settings.error().to_string());
  return std::move(*settings);
}

std::string config_argument(const Context& context) {
  if (context.config_path == k_default_config) return {};
  return fmt::format(" --config {}", context.config_path);
}

void warn(std::string_view line) {
  complain(fmt::format("warning: {}", line));
}

void JsonList::add(std::string_view object) {
  fmt::print("{}{}", std::exchange(is_empty_, false) ? "[" : ",\n ", object);
}

void JsonList::end() {
  fmt::print("{}]\n", is_empty_ ? "[" : "");
}

std::unexpected<Problem> problem(std::string line) {
  return std::unexpected(Problem{std::move(line)});
}

namespace {

int run_command(int argc, char** argv, std::span<const RolePolicy> policies) {
  // `serve` sets its own.
  log_configure("command", LogFormat::text, LogLevel::warning);
  Context context;
  context.policies = policies;
  // CLI11 throws; nothing of it leaves this function.
  try {
    CLI::App app("Peregrine, a mail server", "peregrine");
    app.add_option("--config", context.config_path, "The configuration file")
        ->capture_default_str();
    bool wants_version = false;
    app.add_flag("--version", wants_version, "Print the version");
    for (auto add : {add_init, add_serve, add_domain, add_account, add_alias, add_ban, add_queue,
                     add_tls_report, add_trace, add_status, add_config, add_verify, add_dump,
                     add_dns, add_sandbox_check}) {
      add(app, context);
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& help) {
      return app.exit(help);
    } catch (const CLI::ParseError& error) {
      complain(fmt::format("{}; see peregrine --help", error.what()));
      return k_wrong_use;
    }
    if (wants_version) {
      fmt::print("{}", k_version);
      return k_done;
    }
    if (!context.action) {
      complain("no command was given; see peregrine --help");
      return k_wrong_use;
    }
    return run_action(context);
  } catch (const CLI::Error& error) {
    complain(error.what());
    return k_wrong_use;
  } catch (const std::system_error& error) {  // fmt::print
    return output_failed(error.code().value());
  }
}

}  // namespace

int run(int argc, char** argv, std::span<const RolePolicy> policies) {
  sys::ignore_broken_pipes();
  int status = run_command(argc, argv, policies);
  if (status != k_done) return status;
  errno = 0;
  bool is_written = std::cout.flush().good() && std::fflush(stdout) == 0 && !std::ferror(stdout);
  return is_written ? status : output_failed(errno);
}

}  // namespace peregrine::cli
