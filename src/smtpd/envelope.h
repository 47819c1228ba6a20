#pragma once
// What MAIL and RCPT said, as values for those who carry the message on (api/envelope.proto).

#include <string>

#include "api/envelope.pb.h"
#include "base/time.h"
#include "smtpd/session.h"

namespace peregrine::smtpd {

/// Empty for the null reverse-path.
std::string sender_text(const smtp::MailFrom& mail);

/// `header`: of `message`. `now`: what times from now are counted from.
api::Envelope make_envelope(const smtp::MailFrom& mail, BytesView header, BytesView message,
                            UnixTime now);
api::Recipient make_recipient(const AcceptedRecipient& recipient);

/// RFC 8689 section 5: whether the header has "TLS-Required: No".
bool says_tls_optional(BytesView header);

}  // namespace peregrine::smtpd
