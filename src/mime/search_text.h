#pragma once
// SearchText: the words of a message in the form in which SEARCH compares them (text/fold.h). The
// worker that received the message makes it, once, from the message and its summary.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/summary.h"

namespace peregrine::mime {

struct SearchText {
  /// A line for each field of the message's header, in order: lower-case name, ": ", the decoded
  /// and folded value, LF. A value never holds a LF.
  std::string headers;
  /// Text parts, headers of enclosed messages and names of attachments, each ended by LF.
  std::string body;
};

struct SearchTextLimits {
  std::size_t header_bytes = mib(1);
  std::size_t body_bytes = mib(1);
  /// Encoded text that is looked at for `body`; markup and encodings make it more than what they
  /// say.
  std::size_t input_bytes = mib(4);
};

/// `summary` must be read_message() of `raw`, or have passed decode_summary() for it.
SearchText search_text(std::string_view raw, const MessageSummary& summary,
                       const SearchTextLimits& limits = {});

}  // namespace peregrine::mime
