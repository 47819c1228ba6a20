#pragma once
// Which mailboxes LIST and LSUB show, from the account's whole list. Pure.

#include <vector>

#include "api/mailbox.pb.h"
#include "proto/imap/command.h"
#include "proto/imap/responses.h"

namespace peregrine::imapd {

struct Listed {
  imap::ListEntry entry;
  const api::MailboxInfo* info = nullptr;  ///< null for a name without a mailbox
};

/// `mailboxes` must outlive the answer.
std::vector<Listed> list_mailboxes(const api::ListMailboxesResponse& mailboxes,
                                   const imap::List& command);

/// RFC 3501 section 6.3.9: what is subscribed, and for a pattern that ends in "%" the names above.
std::vector<Listed> list_subscribed(const api::ListMailboxesResponse& mailboxes,
                                    const imap::Lsub& command);

}  // namespace peregrine::imapd
