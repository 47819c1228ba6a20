#include "proto/imap/grammar.h"

namespace peregrine::imap {

// date = date-text / DQUOTE date-text DQUOTE
Parsed<CalendarDay> parse_date(Input& in) {
  TRY_VOID(parse_token(in));
  bool quoted = in.cursor.skip('"');
  auto text = in.cursor.take_while([](char c) { return c != '"' && c != ' ' && c != ')'; });
  auto days = text::parse_imap_date(text);
  if (!days || (quoted && !in.cursor.skip('"'))) return std::unexpected(SyntaxError::bad_date);
  return CalendarDay{static_cast<std::int32_t>(*days)};
}

Parsed<DateTime> parse_date_time(Input& in) {
  TRY_VOID(parse_token(in));
  if (!in.cursor.skip('"')) return std::unexpected(SyntaxError::bad_date);
  auto text = in.cursor.take_while([](char c) { return c != '"'; });
  auto date = text::parse_internal_date(text);
  if (!date || !in.cursor.skip('"')) return std::unexpected(SyntaxError::bad_date);
  return *date;
}

}  // namespace peregrine::imap
