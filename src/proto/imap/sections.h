#pragma once
// Pieces of a message that FETCH names: where a section lies in the raw bytes, by the summary, and
// subsets of a header block. No parsing of MIME here: the summary has the offsets.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "model/summary.h"
#include "proto/imap/fetch_item.h"

namespace peregrine::imap {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const ByteRange&) const = default;
};

/// Where the section's bytes are; nothing when the message has no such part. Of HEADER.FIELDS and
/// its negation: the whole header block, for HeaderFilter. Linear in the parts.
std::optional<ByteRange> locate_section(const MessageSummary& summary, const Section& section);

/// The part that part numbers name (RFC 9051 section 6.4.5.1), as an index into summary.parts.
std::optional<std::uint32_t> find_part(const MessageSummary& summary,
                                       std::span<const std::uint32_t> numbers);

/// The part of `whole` that `partial` leaves; empty when it starts past the end.
ByteRange cut(ByteRange whole, const std::optional<Partial>& partial);

/// The fields of one FETCH item, prepared once and applied to each message.
class HeaderFilter {
 public:
  /// For header_fields and header_fields_not.
  explicit HeaderFilter(const Section& section);

  /// Appends the fields that stay, as they are, with the blank line if the block has one. Fields
  /// keep their order; a line that is no field belongs to none of the names.
  void apply(BytesView header, std::string& out) const;

 private:
  [[nodiscard]] bool has(std::string_view name) const;

  std::vector<std::string> names_;  // lower case, sorted
  bool negated_ = false;
};

}  // namespace peregrine::imap
