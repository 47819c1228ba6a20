// peregrine serve

#include "cli/command.h"
#include "supervisor/supervisor.h"

namespace peregrine::cli {
namespace {

Outcome<int> serve(const Context& context) {
  TRY(config::Settings settings, load_settings(context));
  return supervisor::run(context.config_path, std::move(settings));
}

}  // namespace

void add_serve(CLI::App& parent, Context& context) {
  CLI::App* command =
      add_command(parent, context, "serve",
                  "Serve in the foreground until SIGTERM; \"ready\" is printed once all is up, "
                  "SIGHUP reads the configuration again");
  command->callback([&context] { context.action = [&context] { return serve(context); }; });
}

}  // namespace peregrine::cli
