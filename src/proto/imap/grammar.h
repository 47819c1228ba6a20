#pragma once
// The rules that commands share, one function each, named after the ABNF of RFC 9051 section 9.
// Each takes what it matches off the input, or gives an error and leaves the input anywhere: a
// command that fails in one place fails. For the parser of commands only.

#include <cstdint>
#include <optional>
#include <string>

#include "base/cursor.h"
#include "base/result.h"
#include "proto/imap/command.h"
#include "proto/imap/limits.h"
#include "proto/imap/syntax_error.h"

namespace peregrine::imap {

struct Input {
  Input(BytesView text, const Limits& l)
      : cursor(text, l.depth), limits(l), tokens_left(l.tokens) {}
  Cursor cursor;
  const Limits& limits;
  std::size_t tokens_left;
};

// RFC 9051 section 9: number is 32 bits, number64 is 63 bits.
inline constexpr std::uint64_t k_number_max = 0xffff'ffff;
inline constexpr std::uint64_t k_number64_max = 0x7fff'ffff'ffff'ffff;

Parsed<void> parse_token(Input& in);  ///< counts one token
Parsed<void> parse_sp(Input& in);
Parsed<void> parse_char(Input& in, char c);
/// "(" and ")", with the depth.
Parsed<void> parse_open(Input& in);
Parsed<void> parse_close(Input& in);

Parsed<BytesView> parse_atom(Input& in);
/// The upper-case form of an atom.
Parsed<std::string> parse_atom_upper(Input& in);
Parsed<std::string> parse_astring(Input& in);
Parsed<std::string> parse_string(Input& in);
Parsed<std::optional<std::string>> parse_nstring(Input& in);
Parsed<std::string> parse_list_mailbox(Input& in);
Parsed<MailboxName> parse_mailbox(Input& in);

Parsed<std::uint32_t> parse_nz_number(Input& in);
Parsed<std::uint64_t> parse_number64(Input& in);
Parsed<std::uint64_t> parse_nz_number64(Input& in);
Parsed<SequenceSet> parse_sequence_set(Input& in);

Parsed<CalendarDay> parse_date(Input& in);
Parsed<DateTime> parse_date_time(Input& in);

Parsed<std::string> parse_keyword(Input& in);
Parsed<FlagList> parse_flag_list(Input& in);  ///< in parentheses
Parsed<FlagList> parse_flags(Input& in);      ///< flag *(SP flag)

/// The announcement of a literal, up to its CRLF.
struct LiteralHeader {
  std::uint64_t bytes = 0;
  Sync sync = Sync::yes;
};
Parsed<LiteralHeader> parse_literal_header(Input& in);

/// The items of "(" item *(SP item) ")"; `item` is called with the input at each.
template <class Item>
Parsed<void> parse_list(Input& in, Item item) {
  TRY_VOID(parse_open(in));
  TRY_VOID(item(in));
  while (in.cursor.skip(' ')) TRY_VOID(item(in));
  return parse_close(in);
}

// The commands with a grammar of their own, from behind their name.
Parsed<List> parse_list_command(Input& in);
Parsed<StatusItems> parse_status_items(Input& in);
Parsed<Search> parse_search(Input& in);
Parsed<FetchItems> parse_fetch_items(Input& in);

}  // namespace peregrine::imap
