#pragma once
// Special uses of mailboxes (RFC 6154) between IMAP and core's attribute bits.

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/imap/command.h"

namespace peregrine::imapd {

/// The attribute bit for CREATE's USE, 0 for no use; nothing for a use that cannot be had: \All,
/// \Flagged, an unknown one, or two at once.
std::optional<std::uint32_t> attribute_of(const std::vector<imap::SpecialUse>& uses);

/// Of a mailbox with these attributes.
std::optional<imap::SpecialUse> special_use_of(std::uint32_t attributes);

}  // namespace peregrine::imapd
