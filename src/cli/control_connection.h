#pragma once
// The way to a running server: its control socket.

#include "cli/command.h"
#include "sys/fd.h"

namespace peregrine::cli {

/// What the first byte of a control connection asks for (supervisor/control_socket.h).
enum class ControlKind : char { admin = 'A', status_json = 'S', status_text = 'T' };

/// A connection that has said what it is; an empty descriptor when no server runs.
Outcome<sys::Fd> connect_control(const config::Settings& settings, ControlKind kind);

}  // namespace peregrine::cli
