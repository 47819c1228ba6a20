#include "proto/smtp/timestamp.h"

#include <chrono>
#include <cstdio>

#include "base/cursor.h"

namespace peregrine::smtp {
namespace {

constexpr std::int64_t k_end_of_9999 = 253'402'300'799;

std::optional<int> take_digits(Cursor& cursor, std::size_t count, int maximum) {
  auto digits = cursor.take(count);
  if (!digits) return std::nullopt;
  int value = 0;
  for (char c : *digits) {
    if (!is_ascii_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > maximum) return std::nullopt;
  return value;
}

std::optional<std::int64_t> take_date(Cursor& cursor) {
  auto year = take_digits(cursor, 4, 9999);
  if (!year || !cursor.skip('-')) return std::nullopt;
  auto month = take_digits(cursor, 2, 12);
  if (!month || !cursor.skip('-')) return std::nullopt;
  auto day = take_digits(cursor, 2, 31);
  if (!day) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(*year),
                                   std::chrono::month(static_cast<unsigned>(*month)),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86'400;
}

std::optional<std::int64_t> take_time(Cursor& cursor) {
  auto hour = take_digits(cursor, 2, 23);
  if (!hour || !cursor.skip(':')) return std::nullopt;
  auto minute = take_digits(cursor, 2, 59);
  if (!minute || !cursor.skip(':')) return std::nullopt;
  // RFC 3339 section 5.7: a leap second is a second.
  auto second = take_digits(cursor, 2, 60);
  if (!second) return std::nullopt;
  if (cursor.skip('.') && cursor.take_while(is_ascii_digit).empty()) return std::nullopt;
  return *hour * 3600 + *minute * 60 + *second;
}

std::optional<std::int64_t> take_offset(Cursor& cursor) {
  if (cursor.skip_word("Z")) return 0;
  bool is_behind = cursor.next_is('-');
  if (!is_behind && !cursor.next_is('+')) return std::nullopt;
  cursor.take();
  auto hour = take_digits(cursor, 2, 23);
  if (!hour || !cursor.skip(':')) return std::nullopt;
  auto minute = take_digits(cursor, 2, 59);
  if (!minute) return std::nullopt;
  std::int64_t offset = *hour * 3600 + *minute * 60;
  return is_behind ? -offset : offset;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(BytesView text) {
  Cursor cursor(text);
  auto date = take_date(cursor);
  if (!date || !cursor.skip_word("T")) return std::nullopt;
  auto time = take_time(cursor);
  if (!time) return std::nullopt;
  auto offset = take_offset(cursor);
  if (!offset || !cursor.at_end()) return std::nullopt;
  std::int64_t out = *date + *time - *offset;
  if (out < 0 || out > k_end_of_9999) return std::nullopt;
  return out;
}

std::string format_rfc3339(std::int64_t time) {
  std::chrono::sys_seconds at{std::chrono::seconds(time)};
  auto day = std::chrono::floor<std::chrono::days>(at);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss clock(at - day);
  char out[32];
  int size = std::snprintf(
      out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02dZ", int(date.year()), unsigned(date.month()),
      unsigned(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return std::string(out, static_cast<std::size_t>(size));
}

}  // namespace peregrine::smtp
