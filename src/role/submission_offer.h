#pragma once
// What submission offers in its answer to EHLO: said by `login` before AUTH and by `submission`
// after it, and the same but for AUTH and STARTTLS, since a client need not ask again.

#include <string>
#include <vector>

#include "config/settings.h"
#include "proto/smtp/extensions.h"
#include "rpc/handoff.h"

namespace peregrine::role {

/// What a session may still do before it has logged in.
struct BeforeLogin {
  bool can_start_tls = false;
  std::vector<std::string> auth_mechanisms;
};

smtp::Extensions submission_offer(const config::Settings& settings,
                                  const rpc::OpenConnection& facts, BeforeLogin before);

}  // namespace peregrine::role
