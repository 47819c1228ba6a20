#include "cli/operator_line.h"

#include "cli/running_server_line.h"
#include "cli/store_line.h"

namespace peregrine::cli {

Outcome<std::unique_ptr<OperatorLine>> open_operator_line(const Context& context) {
  TRY(config::Settings settings, load_settings(context));
  TRY(sys::Fd connection, connect_control(settings, ControlKind::admin));
  if (connection) return make_running_server_line(std::move(settings), std::move(connection));
  return open_store_line(context.config_path, settings);
}

}  // namespace peregrine::cli
