#pragma once
// POP3's AUTHORIZATION state (RFC 1939 section 4): the greeting has been sent by `front`.

#include "net/task.h"
#include "role/worker.h"

namespace peregrine::login {

net::Task<role::SessionEnd> serve_pop3(role::Worker& worker, role::Connection& connection);

}  // namespace peregrine::login
