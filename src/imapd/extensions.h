#pragma once
// Which extensions a session has: all that are built, but for those that the configuration
// disables. A disabled one is neither announced nor accepted.

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "proto/imap/command.h"
#include "proto/imap/limits.h"

namespace peregrine::imapd {

bool has_extension(const config::Settings& settings, std::string_view name);

/// After login.
std::vector<std::string> capabilities(const config::Settings& settings);

/// The extension without which a command, as it was given, does not exist; "" for none.
std::string_view extension_of(const imap::CommandBody& command);

imap::Limits limits_of(const config::Settings& settings);

}  // namespace peregrine::imapd
