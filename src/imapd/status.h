#pragma once
// STATUS data of a mailbox, for STATUS and LIST with RETURN (STATUS …).

#include <string>

#include "api/mailbox.pb.h"
#include "proto/imap/responses.h"

namespace peregrine::imapd {

void write_status_of(std::string& out, const api::MailboxInfo& info, imap::StatusItems items);

}  // namespace peregrine::imapd
