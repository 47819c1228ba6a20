#pragma once
// Mailbox names between the wire, where they are modified UTF-7, and core, where they are UTF-8.

#include <optional>
#include <string>

#include "base/bytes.h"
#include "imapd/answer.h"
#include "proto/imap/command.h"

namespace peregrine::imapd {

/// Nothing when the name is not modified UTF-7 (RFC 3501 section 5.1.3).
std::optional<std::string> name_from_wire(const imap::MailboxName& name);
Bytes name_to_wire(std::string_view utf8);
Answer bad_name();

}  // namespace peregrine::imapd
