#pragma once
// The OperatorLine to a running server; see operator_line.h, which chooses it.

#include "cli/control_connection.h"
#include "cli/operator_line.h"

namespace peregrine::cli {

/// `connection` has said ControlKind::admin.
std::unique_ptr<OperatorLine> make_running_server_line(config::Settings settings,
                                                       sys::Fd connection);

}  // namespace peregrine::cli
