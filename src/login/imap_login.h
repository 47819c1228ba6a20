#pragma once
// IMAP before login (RFC 9051 sections 6.1 and 6.2): the greeting has been sent by `front`.

#include "net/task.h"
#include "role/worker.h"

namespace peregrine::login {

net::Task<role::SessionEnd> serve_imap(role::Worker& worker, role::Connection& connection);

}  // namespace peregrine::login
