#pragma once
// SearchTree: the keys of a SEARCH command (RFC 9051 section 6.4.4) as one flat array in the order
// of the text: a node's operands stand right behind it and end at `end`, so a child's index is
// larger than its parent's and nothing that walks the tree needs recursion. The keys at the top
// are joined by AND. Strings are the client's bytes, in the charset the command names.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto/imap/sequence_set.h"

namespace peregrine::imap {

enum class SearchKey : std::uint8_t {
  all_of,   ///< "(" … ")": all operands hold
  any_of,   ///< OR: one of the two operands holds
  none_of,  ///< NOT: its operand does not hold
  all,
  answered,
  bcc,
  before,
  body,
  cc,
  deleted,
  draft,
  flagged,
  from,
  header,
  keyword,
  larger,
  new_mail,  ///< NEW of RFC 3501: \Recent and not \Seen
  old,       ///< of RFC 3501: not \Recent
  on,
  recent,  ///< of RFC 3501
  seen,
  sent_before,
  sent_on,
  sent_since,
  sequence,  ///< a sequence-set on its own
  since,
  smaller,
  subject,
  text,
  to,
  uid,
  unanswered,
  undeleted,
  undraft,
  unflagged,
  unkeyword,
  unseen,
};

/// A day as SEARCH compares it, without time and zone.
struct CalendarDay {
  std::int32_t days_since_1970 = 0;
  constexpr auto operator<=>(const CalendarDay&) const = default;
};

struct HeaderArgument {
  std::string field;
  std::string value;  ///< "": the field is there at all
  bool operator==(const HeaderArgument&) const = default;
};

/// Strings: bcc body cc from keyword (lower case) subject text to unkeyword. Numbers: larger
/// smaller. Days: before on since and sent_…. Sets: sequence uid.
using SearchArgument = std::variant<std::monostate, std::string, HeaderArgument, SequenceSet,
                                    std::uint64_t, CalendarDay>;

struct SearchNode {
  SearchKey key = SearchKey::all;
  std::uint32_t end = 0;  ///< index behind the node's last operand; of a leaf, its own index + 1
  SearchArgument argument;
};

constexpr bool is_operator(SearchKey key) {
  return key <= SearchKey::none_of;
}

struct SearchTree {
  std::vector<SearchNode> nodes;

  /// Whether a message matches, where `leaf(const SearchNode&) -> bool` answers for one key. Asks
  /// for as few leaves as AND and OR need. Linear in the nodes.
  template <class Leaf>
  [[nodiscard]] bool matches(Leaf leaf) const {
    std::vector<std::uint32_t> open;  // operators around the current node, outermost first
    auto size = static_cast<std::uint32_t>(nodes.size());
    std::uint32_t at = 0;
    while (at < size) {
      if (is_operator(nodes[at].key)) {
        open.push_back(at++);
        continue;
      }
      bool result = leaf(nodes[at]);
      at = nodes[at].end;
      while (!open.empty()) {
        const SearchNode& around = nodes[open.back()];
        if (around.key == SearchKey::none_of) {
          result = !result;
        } else if (result == (around.key == SearchKey::all_of) && at < around.end) {
          break;  // not decided: the next operand is asked
        }
        at = around.end;
        open.pop_back();
      }
      if (open.empty() && !result) return false;
    }
    return true;
  }
};

}  // namespace peregrine::imap
