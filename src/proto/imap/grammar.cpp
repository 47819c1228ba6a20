#include "proto/imap/grammar.h"

#include <algorithm>
#include <utility>

#include "proto/imap/chars.h"

namespace peregrine::imap {

namespace {

auto in_class(CharClass set) {
  return [set](char c) { return is_in(set, c); };
}

Parsed<std::string> parse_quoted(Input& in) {
  std::string out;
  if (!in.cursor.skip('"')) return std::unexpected(SyntaxError::bad_string);
  while (true) {
    // RFC 9051 section 4.3: UTF-8 is accepted in quoted strings; CR, LF and NUL are not.
    out += in.cursor.take_while(
        [](char c) { return c != '"' && c != '\\' && c != '\r' && c != '\n' && c != '\0'; });
    if (in.cursor.skip('"')) return out;
    // RFC 9051 section 9: only quoted-specials stand behind a backslash.
    if (!in.cursor.skip('\\') || !(in.cursor.next_is('"') || in.cursor.next_is('\\'))) {
      return std::unexpected(SyntaxError::bad_string);
    }
    out += *in.cursor.take();
  }
}

Parsed<std::string> parse_literal(Input& in) {
  TRY(auto header, parse_literal_header(in));
  if (!in.cursor.skip('\r') || !in.cursor.skip('\n')) {
    return std::unexpected(SyntaxError::bad_string);
  }
  if (header.bytes > in.cursor.remaining()) return std::unexpected(SyntaxError::bad_string);
  auto bytes = in.cursor.take(static_cast<std::size_t>(header.bytes));
  // RFC 9051 section 9: a literal is of CHAR8, which has no NUL.
  if (!bytes || bytes->find('\0') != BytesView::npos) {
    return std::unexpected(SyntaxError::bad_string);
  }
  return std::string(*bytes);
}

bool starts_string(const Input& in) {
  return in.cursor.next_is('"') || in.cursor.next_is('{');
}

}  // namespace

Parsed<void> parse_token(Input& in) {
  if (in.tokens_left == 0) return std::unexpected(SyntaxError::too_many_tokens);
  --in.tokens_left;
  return {};
}

Parsed<void> parse_char(Input& in, char c) {
  if (!in.cursor.skip(c)) return std::unexpected(SyntaxError::bad_syntax);
  return {};
}

Parsed<void> parse_sp(Input& in) {
  return parse_char(in, ' ');
}

Parsed<void> parse_open(Input& in) {
  TRY_VOID(parse_char(in, '('));
  if (!in.cursor.enter()) return std::unexpected(SyntaxError::too_deep);
  return {};
}

Parsed<void> parse_close(Input& in) {
  TRY_VOID(parse_char(in, ')'));
  in.cursor.leave();
  return {};
}

Parsed<BytesView> parse_atom(Input& in) {
  TRY_VOID(parse_token(in));
  auto atom = in.cursor.take_while(in_class(k_atom_char));
  if (atom.empty()) return std::unexpected(SyntaxError::bad_syntax);
  return atom;
}

Parsed<std::string> parse_atom_upper(Input& in) {
  TRY(auto atom, parse_atom(in));
  return ascii_upper(atom);
}

Parsed<std::string> parse_string(Input& in) {
  TRY_VOID(parse_token(in));
  if (in.cursor.next_is('{')) return parse_literal(in);
  return parse_quoted(in);
}

Parsed<std::string> parse_astring(Input& in) {
  if (starts_string(in)) return parse_string(in);
  TRY_VOID(parse_token(in));
  auto atom = in.cursor.take_while(in_class(k_astring_char));
  if (atom.empty()) return std::unexpected(SyntaxError::bad_syntax);
  return std::string(atom);
}

Parsed<std::optional<std::string>> parse_nstring(Input& in) {
  // RFC 9051 section 4.5: NIL is not the empty string "".
  if (in.cursor.skip_word("NIL")) {
    TRY_VOID(parse_token(in));
    return std::nullopt;
  }
  TRY(auto text, parse_string(in));
  return text;
}

Parsed<std::string> parse_list_mailbox(Input& in) {
  if (starts_string(in)) return parse_string(in);
  TRY_VOID(parse_token(in));
  auto pattern = in.cursor.take_while(in_class(k_list_char));
  if (pattern.empty()) return std::unexpected(SyntaxError::bad_syntax);
  return std::string(pattern);
}

MailboxName MailboxName::parse(Bytes astring) {
  // RFC 9051 section 5.1: INBOX is reserved, in any case, for the user's primary mailbox.
  if (iequals(astring, "INBOX")) return MailboxName{"INBOX"};
  return MailboxName{std::move(astring)};
}

Parsed<MailboxName> parse_mailbox(Input& in) {
  TRY(auto name, parse_astring(in));
  return MailboxName::parse(std::move(name));
}

Parsed<std::uint64_t> parse_number64(Input& in) {
  TRY_VOID(parse_token(in));
  auto number = take_number(in.cursor, k_number64_max);
  if (!number) return std::unexpected(SyntaxError::bad_number);
  return *number;
}

Parsed<std::uint64_t> parse_nz_number64(Input& in) {
  // RFC 9051 section 9: an nz-number starts with digit-nz.
  if (in.cursor.next_is('0')) return std::unexpected(SyntaxError::bad_number);
  return parse_number64(in);
}

Parsed<std::uint32_t> parse_nz_number(Input& in) {
  TRY(auto number, parse_nz_number64(in));
  if (number > k_number_max) return std::unexpected(SyntaxError::bad_number);
  return static_cast<std::uint32_t>(number);
}

Parsed<LiteralHeader> parse_literal_header(Input& in) {
  LiteralHeader header;
  if (!in.cursor.skip('{')) return std::unexpected(SyntaxError::bad_string);
  auto bytes = take_number(in.cursor, k_number64_max);
  if (!bytes) return std::unexpected(SyntaxError::bad_string);
  header.bytes = *bytes;
  header.sync = in.cursor.skip('+') ? Sync::no : Sync::yes;
  if (!in.cursor.skip('}')) return std::unexpected(SyntaxError::bad_string);
  return header;
}

namespace {

// seq-number, where 0 stands for "*".
Parsed<std::uint32_t> parse_seq_number(Input& in) {
  if (in.cursor.skip('*')) return 0;
  auto digits = in.cursor.next_is('0') ? std::nullopt : take_number(in.cursor, k_number_max);
  if (!digits) return std::unexpected(SyntaxError::bad_number);
  return static_cast<std::uint32_t>(*digits);
}

Parsed<void> parse_seq_item(Input& in, SequenceSet& set) {
  TRY(auto first, parse_seq_number(in));
  auto last = first;
  if (in.cursor.skip(':')) {
    TRY(last, parse_seq_number(in));
  }
  if (first != 0 && last != 0) {
    set.add(NumberRange{first, last});
  } else if (first == 0 && last == 0) {
    set.add_star();
  } else {
    set.add_to_star(first + last);
  }
  return {};
}

}  // namespace

Parsed<SequenceSet> parse_sequence_set(Input& in) {
  TRY_VOID(parse_token(in));
  // RFC 9051 section 9: seq-last-command.
  if (in.cursor.skip('$')) return SequenceSet::saved_result();
  SequenceSet set;
  do {
    TRY_VOID(parse_seq_item(in, set));
  } while (in.cursor.skip(','));
  set.finish();
  return set;
}

Parsed<std::string> parse_keyword(Input& in) {
  TRY(auto atom, parse_atom(in));
  if (atom.size() > k_max_keyword_bytes) return std::unexpected(SyntaxError::bad_flag);
  return ascii_lower(atom);
}

namespace {

Parsed<void> parse_flag(Input& in, FlagList& list) {
  if (!in.cursor.skip('\\')) {
    TRY(auto keyword, parse_keyword(in));
    list.keywords.push_back(std::move(keyword));
    return {};
  }
  static constexpr std::pair<std::string_view, Flag> k_flags[] = {{"answered", Flag::answered},
                                                                  {"deleted", Flag::deleted},
                                                                  {"draft", Flag::draft},
                                                                  {"flagged", Flag::flagged},
                                                                  {"seen", Flag::seen}};
  TRY(auto name, parse_atom(in));
  for (const auto& [text, flag] : k_flags) {
    if (!iequals(name, text)) continue;
    list.flags.add(flag);
    return {};
  }
  // RFC 3501 section 2.3.2: nor can a client alter \Recent.
  return std::unexpected(SyntaxError::bad_flag);
}

void sort_keywords(FlagList& list) {
  std::ranges::sort(list.keywords);
  auto repeated = std::ranges::unique(list.keywords);
  list.keywords.erase(repeated.begin(), repeated.end());
}

}  // namespace

Parsed<FlagList> parse_flag_list(Input& in) {
  FlagList list;
  TRY_VOID(parse_open(in));
  if (!in.cursor.next_is(')')) {
    do {
      TRY_VOID(parse_flag(in, list));
    } while (in.cursor.skip(' '));
  }
  TRY_VOID(parse_close(in));
  sort_keywords(list);
  return list;
}

Parsed<FlagList> parse_flags(Input& in) {
  FlagList list;
  do {
    TRY_VOID(parse_flag(in, list));
  } while (in.cursor.skip(' '));
  sort_keywords(list);
  return list;
}

}  // namespace peregrine::imap
