#pragma once
// What the command files share. Each has one function that adds its command to the parser; the
// chosen command leaves an action, which cli.cpp runs once the whole line has been read.

#include <CLI/CLI.hpp>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/cli.h"

namespace peregrine::cli {

inline constexpr int k_done = 0;
inline constexpr int k_failed = 1;
inline constexpr int k_wrong_use = 2;

inline constexpr std::string_view k_default_config = "/etc/peregrine/peregrine.toml";

/// Why a command failed: one line for the operator, with what to do next.
struct Problem {
  std::string line;
};
template <class T>
using Outcome = std::expected<T, Problem>;

struct Context {
  std::string config_path{k_default_config};
  bool json = false;
  std::span<const RolePolicy> policies;
  /// Set by the command that was chosen.
  std::function<Outcome<int>()> action;
};

/// Adds a command that takes --config. `context` outlives the parser.
CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name,
                      const std::string& description);
/// Adds a command that only holds others.
CLI::App* add_group(CLI::App& parent, Context& context, const std::string& name,
                    const std::string& description);
void add_json_flag(CLI::App& command, Context& context);

Outcome<config::Settings> load_settings(const Context& context);

/// " --config PATH" when it is not the default: for lines that show a command.
std::string config_argument(const Context& context);

std::unexpected<Problem> problem(std::string line);
/// One line on standard error, for what was done all the same.
void warn(std::string_view line);

/// Prints the objects of a JSON array as they come, one a line.
class JsonList {
 public:
  void add(std::string_view object);
  void end();

 private:
  bool is_empty_ = true;
};

void add_init(CLI::App& parent, Context& context);
void add_serve(CLI::App& parent, Context& context);
void add_domain(CLI::App& parent, Context& context);
void add_account(CLI::App& parent, Context& context);
/// Below `account`.
void add_app_password(CLI::App& parent, Context& context);
void add_alias(CLI::App& parent, Context& context);
void add_ban(CLI::App& parent, Context& context);
void add_queue(CLI::App& parent, Context& context);
void add_tls_report(CLI::App& parent, Context& context);
void add_trace(CLI::App& parent, Context& context);
void add_status(CLI::App& parent, Context& context);
void add_config(CLI::App& parent, Context& context);
void add_verify(CLI::App& parent, Context& context);
void add_dump(CLI::App& parent, Context& context);
void add_dns(CLI::App& parent, Context& context);
void add_sandbox_check(CLI::App& parent, Context& context);

}  // namespace peregrine::cli
