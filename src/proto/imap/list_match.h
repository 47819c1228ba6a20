#pragma once
// ListPattern: the patterns of LIST and LSUB, where "*" matches anything and "%" anything but the
// hierarchy delimiter. Made once for a command and asked for each name. A match takes time
// proportional to the name and to 1/64 of the pattern, whatever the wildcards (V27): all places in
// the pattern that fit so far are followed at once, as bits. Immutable; safe to share.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace peregrine::imap {

/// The hierarchy delimiter, the only one.
inline constexpr char k_delimiter = '/';

/// Longer names are not mailboxes of ours: a pattern that needs one matches nothing.
inline constexpr std::size_t k_max_matched_bytes = 4096;

class ListPattern {
 public:
  explicit ListPattern(BytesView pattern);

  /// Whether all of `name` matches. The name INBOX, and INBOX before a delimiter, match in any
  /// case.
  [[nodiscard]] bool matches(BytesView name) const;

 private:
  using Word = std::uint64_t;

  std::size_t row_for(char c);
  [[nodiscard]] Word places_of(char c, std::size_t word) const;

  // The pattern as elements 0 … size_ - 1, each a byte or a wildcard, no two wildcards in a row.
  std::size_t size_ = 0;
  std::size_t words_ = 0;  // of a set of positions 0 … size_
  bool is_impossible_ = false;
  std::vector<Word> wild_;                   // positions of wildcards
  std::vector<Word> star_;                   // of "*"
  std::array<std::uint16_t, 256> row_of_{};  // index into rows_ for each byte; 0: in no place
  std::vector<Word> rows_;  // for each byte of the pattern, the positions it stands at
};

/// The canonical pattern of a reference and a pattern (RFC 9051 section 6.3.9): the two joined.
Bytes join_reference(BytesView reference, BytesView pattern);

}  // namespace peregrine::imap
