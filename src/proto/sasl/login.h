#pragma once
// The mechanism LOGIN; see login.cpp.

#include <memory>

#include "proto/sasl/sasl.h"

namespace peregrine::sasl {

std::unique_ptr<Server> make_login_server();

}  // namespace peregrine::sasl
