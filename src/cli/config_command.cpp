// peregrine config check | reference

#include <fmt/core.h>

#include "cli/command.h"
#include "config/document.h"
#include "config/parse.h"
#include "supervisor/inputs.h"

namespace peregrine::cli {
namespace {

Outcome<int> check(const Context& context) {
  TRY(config::Settings settings, load_settings(context));
  if (auto error = config::check_files(settings, context.config_path)) {
    return problem(error->to_string());
  }
  auto identities = supervisor::read_identities(settings, context.config_path);
  if (!identities) return problem(identities.error().to_string());
  fmt::print("{} is right\n", context.config_path);
  return k_done;
}

Outcome<int> print_reference() {
  fmt::print("{}", config::reference_markdown());
  return k_done;
}

}  // namespace

void add_config(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "config", "The configuration file");
  CLI::App* check_it =
      add_command(*group, context, "check", "Check the configuration and the files that it names");
  check_it->callback([&context] { context.action = [&context] { return check(context); }; });
  CLI::App* reference = add_command(*group, context, "reference", "Print the options' manual");
  reference->callback([&context] { context.action = print_reference; });
}

}  // namespace peregrine::cli
