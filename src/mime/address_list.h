#pragma once
// Address fields: From, To, Cc and the like (RFC 5322 section 3.4 with the obsolete forms of 4.4),
// as ENVELOPE shows them. Groups become a start marker, their members and an end marker.
//
// Tolerated: comments anywhere (the last one names an address without display name), routes
// (dropped), empty elements, semicolons for commas, raw 8-bit text, missing commas between
// addresses, unfinished groups, quotes and comments. An address without "@" has the host "", not
// none: none would mark a group.

#include <string_view>
#include <vector>

#include "mime/defect.h"
#include "mime/limits.h"
#include "model/summary.h"

namespace peregrine::mime {

/// The addresses of a field's value, folded or not; at most limits.addresses entries. What was
/// wrong is added to `defects`.
std::vector<EnvelopeAddress> parse_address_list(std::string_view value, Defects& defects,
                                                const Limits& limits = {});

}  // namespace peregrine::mime
