#pragma once
// Sender rewriting: mail that an alias sends on to another server gets a sender of ours, since that
// server asks the sender's domain who may send for it; a bounce to that address finds the way back.
// The local part carries the original sender, a day and a code that only this server can make, so
// that nobody gets mail relayed by inventing one (V44). A forwarder's own rewritten sender is
// passed on as SRS1, which leads back to that forwarder and not through it again.

#include <optional>
#include <string_view>

#include "base/time.h"
#include "model/address.h"

namespace peregrine::queue {

inline constexpr int k_srs_days = 21;

/// Whether the local part is one of these, good or bad.
bool is_rewritten(const Address& address);

/// `sender` as an address at `domain`, which is ours; nothing when it would be too long.
std::optional<Address> rewrite_sender(const Address& sender, std::string_view domain,
                                      BytesView secret, UnixTime now);

/// Whom a rewritten address leads to; nothing when it is not ours, forged or older than k_srs_days.
std::optional<Address> restore_sender(const Address& rewritten, BytesView secret, UnixTime now);

}  // namespace peregrine::queue
