#pragma once
// ENVELOPE, BODY and BODYSTRUCTURE of RFC 9051 section 7.5.2 from a message's summary. Iterative
// and linear in the summary; the output is balanced and follows the grammar for any summary, one
// that decode_summary would refuse too.

#include <string>

#include "model/summary.h"

namespace peregrine::imap {

/// Sender and Reply-To, where empty, are those of From, as the RFC wants.
void write_envelope(std::string& out, const Envelope& envelope);

/// BODY: without extension data.
void write_body(std::string& out, const MessageSummary& summary);

void write_body_structure(std::string& out, const MessageSummary& summary);

}  // namespace peregrine::imap
