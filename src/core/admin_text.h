#pragma once
// Lines with which several of the operator's calls say why something was not done.

#include <string>
#include <string_view>

#include "directory/directory.h"

namespace peregrine::core {

/// Errors that mean the same wherever they come from.
std::string_view text_of(directory::DirectoryError error);
std::string not_an_address(std::string_view text);
std::string no_account(const Address& address);

}  // namespace peregrine::core
