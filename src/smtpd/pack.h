#pragma once
// A whole message as the content of a call to core, with what its search reads.

#include "model/summary.h"
#include "role/content.h"

namespace peregrine::smtpd {

/// `summary`: of `message`.
sys::SysResult<role::PackedContent> pack_message(Bytes message, const MessageSummary& summary);

}  // namespace peregrine::smtpd
