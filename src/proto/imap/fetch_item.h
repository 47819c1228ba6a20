#pragma once
// What a FETCH command asks for (RFC 9051 section 6.4.5), with the macros expanded: a set of plain
// attributes, and the items that name a piece of the message. Plain values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peregrine::imap {

enum class FetchAttribute : std::uint8_t {
  envelope = 1 << 0,
  flags = 1 << 1,
  internal_date = 1 << 2,
  size = 1 << 3,  ///< RFC822.SIZE
  body = 1 << 4,  ///< BODY without a section
  body_structure = 1 << 5,
  uid = 1 << 6,
};

enum class SectionText : std::uint8_t {
  none,  ///< the part itself, or the whole message
  header,
  header_fields,
  header_fields_not,
  text,
  mime,
};

struct Section {
  std::vector<std::uint32_t> part;  ///< part numbers, outermost first; empty: the message
  SectionText text = SectionText::none;
  std::vector<std::string> fields;  ///< of header_fields and header_fields_not, as the client wrote
  bool operator==(const Section&) const = default;
};

/// `<offset.length>`: at most `length` bytes from `offset` on.
struct Partial {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const Partial&) const = default;
};

enum class BodyItemKind : std::uint8_t {
  body,           ///< BODY[…]
  binary,         ///< BINARY[…]
  binary_size,    ///< BINARY.SIZE[…]
  rfc822,         ///< of RFC 3501: as BODY[] but for the name in the answer
  rfc822_header,  ///< of RFC 3501: as BODY.PEEK[HEADER]
  rfc822_text,    ///< of RFC 3501: as BODY[TEXT]
};

struct BodyItem {
  BodyItemKind kind = BodyItemKind::body;
  bool peek = false;  ///< does not set \Seen
  Section section;    ///< of the rfc822 kinds, what they stand for
  std::optional<Partial> partial;
  bool operator==(const BodyItem&) const = default;
};

struct FetchItems {
  std::uint8_t attributes = 0;
  std::vector<BodyItem> bodies;  ///< without duplicates

  [[nodiscard]] bool has(FetchAttribute a) const {
    return (attributes & static_cast<std::uint8_t>(a)) != 0;
  }
  FetchItems& add(FetchAttribute a) {
    attributes = static_cast<std::uint8_t>(attributes | static_cast<std::uint8_t>(a));
    return *this;
  }
  /// Whether the answer sets \Seen (RFC 9051 section 6.4.5).
  [[nodiscard]] bool sets_seen() const {
    for (const auto& item : bodies) {
      if (!item.peek) return true;
    }
    return false;
  }
  bool operator==(const FetchItems&) const = default;
};

}  // namespace peregrine::imap
