#pragma once
// Submission before login (RFC 6409, RFC 4954): EHLO, STARTTLS and AUTH; the greeting has been sent
// by `front`. The answer to an AUTH that succeeds is the role `submission`'s to give, once it has
// opened the account.

#include "net/task.h"
#include "role/worker.h"

namespace peregrine::login {

net::Task<role::SessionEnd> serve_smtp(role::Worker& worker, role::Connection& connection);

}  // namespace peregrine::login
