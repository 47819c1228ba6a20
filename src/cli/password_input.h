#pragma once
// A password from the operator: typed at the terminal without echo, or the first line of standard
// input. Never from the command line, which every user of the machine can read.

#include "base/secret.h"
#include "cli/command.h"

namespace peregrine::cli {

/// Asks at the terminal, twice; the two must be the same. SIGINT and SIGTERM end it with the
/// terminal as it was.
Outcome<Secret> ask_password(const std::string& address);

/// The first line of standard input, or all of it when it has none.
Outcome<Secret> read_password_line();

}  // namespace peregrine::cli
