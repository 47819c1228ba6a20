#pragma once
// A delivery status notification as a message: for people in plain words, for programs by RFC 3464,
// and what was sent. Everything that a remote server said is escaped and cut before it gets here or
// here; the message is ASCII but for what the original is.

#include <optional>

#include "api/queue.pb.h"
#include "base/bytes.h"
#include "base/time.h"

namespace peregrine::courier {

/// What of the original is sent back, and so has to be fetched.
struct ReturnedPart {
  bool whole = false;
  std::uint64_t length = 0;
};
ReturnedPart returned_part(const api::LeasedMessage& message);

/// The notices that the sender wants to hear of, RFC 3461 section 4.1; none for a null sender.
std::vector<const api::RecipientNotice*> wanted_notices(const api::LeasedMessage& message);

struct Notification {
  Bytes text;
  bool eight_bit = false;
  bool smtp_utf8 = false;
};

/// `original` is what returned_part() asked for. Nothing when there is nobody to tell, or the
/// sender's address cannot stand in a header.
std::optional<Notification> compose_notification(const api::LeasedMessage& message,
                                                 BytesView original, std::string_view hostname,
                                                 UnixTime now);

}  // namespace peregrine::courier
