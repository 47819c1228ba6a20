#pragma once
// FetchPlan: what FETCH has to ask core for, from the items that the client named. Flags and UIDs
// are in the view and cost no call. Pure.

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/imap/fetch_item.h"
#include "proto/imap/sections.h"

namespace peregrine::imapd {

/// How the content of one body item is come by.
enum class BodySource : std::uint8_t {
  header,   ///< the message's header block, which comes with the other parts
  stream,   ///< the message's bytes, which come with the other parts
  section,  ///< found by the summary, then asked for
};

struct FetchPlan {
  std::uint32_t parts = 0;  ///< api::FetchPart bits; 0: no call
  /// Of BodySource::stream: what to ask for; a length of 0 is all.
  std::uint64_t raw_offset = 0;
  std::uint64_t raw_length = 0;
  std::vector<BodySource> sources;                         ///< one a body item
  std::vector<std::optional<imap::HeaderFilter>> filters;  ///< one a body item
};

/// Nothing when an item belongs to an extension that is not offered (BINARY).
std::optional<FetchPlan> plan_fetch(const imap::FetchItems& items);

/// Appends bytes of a literal. RFC 9051 section 4.3: no NUL in it; each becomes "?".
void append_literal_bytes(std::string& out, BytesView data);

}  // namespace peregrine::imapd
