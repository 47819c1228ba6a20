#include "role/submission_offer.h"

#include <utility>

#include "base/time.h"

namespace peregrine::role {

smtp::Extensions submission_offer(const config::Settings& settings,
                                  const rpc::OpenConnection& facts, BeforeLogin before) {
  return smtp::make_offer({.disabled = settings.smtp.disabled_extensions,
                           .is_submission = true,
                           .is_encrypted = facts.tls.has_value(),
                           .can_start_tls = before.can_start_tls,
                           .max_size = settings.limits.message_size,
                           .limits = {.messages = settings.limits.messages_per_session,
                                      .recipients = settings.limits.recipients},
                           .now = wall_now().seconds,
                           .auth_mechanisms = std::move(before.auth_mechanisms)});
}

}  // namespace peregrine::role
