#include "text/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>

#include "base/cursor.h"
#include "text/header_tokens.h"

namespace peregrine::text {
namespace {

constexpr std::array<std::string_view, 12> k_months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 12> k_month_names = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> k_day_names = {"Sun", "Mon", "Tue", "Wed",
                                                         "Thu", "Fri", "Sat"};
constexpr std::int64_t k_day_seconds = 86400;
constexpr int k_max_zone_minutes = 23 * 60 + 59;

struct NamedZone {
  std::string_view name;
  int hours;
};
// RFC 5322 section 4.3: obs-zone. Every other name counts as UTC.
constexpr std::array k_zones = {NamedZone{"edt", -4}, NamedZone{"est", -5}, NamedZone{"cdt", -5},
                                NamedZone{"cst", -6}, NamedZone{"mdt", -6}, NamedZone{"mst", -7},
                                NamedZone{"pdt", -7}, NamedZone{"pst", -8}};

struct Civil {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool is_letter(char c) {
  return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

std::optional<std::int64_t> days_from_civil(unsigned year, unsigned month, unsigned day) {
  std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                   std::chrono::month(month), std::chrono::day(day)};
  if (year < 1900 || year > 9999 || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<DateTime> instant(const Civil& civil, int zone_minutes) {
  auto days = days_from_civil(civil.year, civil.month, civil.day);
  // RFC 5322 section 3.3: 60 seconds is the leap second; it reads as the second after.
  if (!days || civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
  std::int64_t seconds = *days * k_day_seconds + civil.hour * 3600 + civil.minute * 60 +
                         civil.second - std::int64_t{zone_minutes} * 60;
  return DateTime{UnixTime{seconds}, static_cast<std::int16_t>(zone_minutes)};
}

std::optional<unsigned> month_number(std::string_view word) {
  if (word.size() < 3) return std::nullopt;
  auto found = std::ranges::find(k_months, ascii_lower(word.substr(0, 3)));
  if (found == k_months.end()) return std::nullopt;
  return static_cast<unsigned>(found - k_months.begin()) + 1;
}

/// A number of `min_digits` to `max_digits` digits.
std::optional<unsigned> take_digits(Cursor& in, std::size_t min_digits, std::size_t max_digits) {
  std::string_view digits = in.take_while(is_ascii_digit);
  if (digits.size() < min_digits || digits.size() > max_digits) return std::nullopt;
  auto value = parse_number(digits, 9999);
  if (!value) return std::nullopt;
  return static_cast<unsigned>(*value);
}

std::optional<unsigned> take_year(Cursor& in) {
  std::size_t start = in.position();
  auto year = take_digits(in, 2, 4);
  if (!year) return std::nullopt;
  std::size_t digits = in.position() - start;
  // RFC 5322 section 4.3: 00 to 49 are of this century, other short years count from 1900.
  if (digits == 2 && *year < 50) return *year + 2000;
  return digits < 4 ? *year + 1900 : *year;
}

/// Signed hhmm, also with a colon; UTC when it is no possible offset.
int take_numeric_zone(Cursor& in) {
  bool west = in.next_is('-');
  in.take();
  auto hours = take_digits(in, 2, 4);
  if (!hours) return 0;
  unsigned total = *hours / 100 * 60 + *hours % 100;
  bool bad_minutes = *hours % 100 > 59;
  if (in.skip(':')) {
    auto minutes = take_digits(in, 2, 2);
    bad_minutes = !minutes || *minutes > 59;
    total = *hours * 60 + minutes.value_or(0);
  }
  int zone = static_cast<int>(total);
  if (bad_minutes || zone > k_max_zone_minutes) return 0;
  return west ? -zone : zone;
}

int take_zone(Cursor& in) {
  if (in.next_is('+') || in.next_is('-')) return take_numeric_zone(in);
  std::string_view word = in.take_while([](char c) { return is_letter(c) || is_ascii_digit(c); });
  auto found = std::ranges::find(k_zones, ascii_lower(word), &NamedZone::name);
  // RFC 5322 section 4.3: military and unknown zones count as "-0000".
  return found == k_zones.end() ? 0 : found->hours * 60;
}

/// hour ":" minute [":" second], with white space and comments between.
bool take_time(Cursor& in, Civil& civil) {
  auto hour = take_digits(in, 1, 2);
  skip_cfws(in);
  if (!hour || !in.skip(':')) return false;
  skip_cfws(in);
  auto minute = take_digits(in, 1, 2);
  if (!minute) return false;
  skip_cfws(in);
  unsigned second = 0;
  if (in.skip(':')) {
    skip_cfws(in);
    auto digits = take_digits(in, 1, 2);
    if (!digits) return false;
    second = *digits;
    skip_cfws(in);
  }
  civil.hour = *hour;
  civil.minute = *minute;
  civil.second = second;
  return true;
}

/// day month year of a message date, with an optional day of the week before.
bool take_date(Cursor& in, Civil& civil) {
  skip_cfws(in);
  if (!in.take_while(is_letter).empty()) {
    skip_cfws(in);
    in.skip(',');
    skip_cfws(in);
  }
  auto day = take_digits(in, 1, 2);
  skip_cfws(in);
  in.skip('-');
  auto month = month_number(in.take_while(is_letter));
  in.skip('.');
  skip_cfws(in);
  in.skip('-');
  auto year = take_year(in);
  skip_cfws(in);
  if (!day || !month || !year) return false;
  civil.day = *day;
  civil.month = *month;
  civil.year = *year;
  return true;
}

/// "-Jul-2003" after the day of an IMAP date.
bool take_imap_month_and_year(Cursor& in, Civil& civil) {
  if (!in.skip('-')) return false;
  std::string_view name = in.take_while(is_letter);
  auto month = month_number(name);
  if (!month || name.size() != 3 || !in.skip('-')) return false;
  auto year = take_digits(in, 4, 4);
  if (!year) return false;
  civil.month = *month;
  civil.year = *year;
  return true;
}

std::optional<unsigned> take_two_digits(Cursor& in) {
  auto digits = in.take(2);
  if (!digits) return std::nullopt;
  auto value = parse_number(*digits, 99);
  if (!value) return std::nullopt;
  return static_cast<unsigned>(*value);
}

/// " hh:mm:ss +zzzz" of an IMAP date-time; the zone in minutes.
std::optional<int> take_imap_time(Cursor& in, Civil& civil) {
  if (!in.skip(' ')) return std::nullopt;
  auto hour = take_two_digits(in);
  if (!hour || !in.skip(':')) return std::nullopt;
  auto minute = take_two_digits(in);
  if (!minute || !in.skip(':')) return std::nullopt;
  auto second = take_two_digits(in);
  if (!second || !in.skip(' ')) return std::nullopt;
  bool west = in.next_is('-');
  if (!in.skip('+') && !in.skip('-')) return std::nullopt;
  auto zone_hour = take_two_digits(in);
  auto zone_minute = take_two_digits(in);
  if (!zone_hour || !zone_minute || *zone_hour > 23 || *zone_minute > 59) return std::nullopt;
  civil.hour = *hour;
  civil.minute = *minute;
  civil.second = *second;
  int zone = static_cast<int>(*zone_hour * 60 + *zone_minute);
  return west ? -zone : zone;
}

struct Shown {
  std::chrono::year_month_day date;
  std::string_view day_name;
  unsigned hour = 0, minute = 0, second = 0;
  std::string zone;
};

/// What a clock and a calendar in the zone show; times outside the years 1900 to 9999 are moved to
/// the nearest end.
Shown shown(UnixTime time, int zone_minutes) {
  constexpr std::int64_t k_first = -2208988800, k_last = 253402300799;
  zone_minutes = std::clamp(zone_minutes, -k_max_zone_minutes, k_max_zone_minutes);
  std::int64_t local = std::clamp(time.seconds, k_first, k_last) + std::int64_t{zone_minutes} * 60;
  local = std::clamp(local, k_first, k_last);
  std::chrono::sys_days days{std::chrono::floor<std::chrono::days>(std::chrono::seconds(local))};
  auto in_day = static_cast<unsigned>(local - days.time_since_epoch().count() * k_day_seconds);
  int offset = std::abs(zone_minutes);
  return {std::chrono::year_month_day(days),
          k_day_names[std::chrono::weekday(days).c_encoding()],
          in_day / 3600,
          in_day / 60 % 60,
          in_day % 60,
          fmt::format("{}{:02}{:02}", zone_minutes < 0 ? '-' : '+', offset / 60, offset % 60)};
}

}  // namespace

std::optional<DateTime> parse_message_date(std::string_view text) {
  Cursor in(text);
  Civil civil;
  if (!take_date(in, civil) || !take_time(in, civil)) return std::nullopt;
  return instant(civil, take_zone(in));
}

std::string write_message_date(UnixTime time, int zone_minutes) {
  Shown s = shown(time, zone_minutes);
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} {}", s.day_name,
                     static_cast<unsigned>(s.date.day()),
                     k_month_names[static_cast<unsigned>(s.date.month()) - 1],
                     static_cast<int>(s.date.year()), s.hour, s.minute, s.second, s.zone);
}

std::optional<DateTime> parse_internal_date(std::string_view text) {
  Cursor in(text);
  Civil civil;
  // RFC 9051 section 9: date-day-fixed is two digits, or a space and one.
  in.skip(' ');
  std::size_t width = 2 - in.position();
  auto day = take_digits(in, width, width);
  if (!day || !take_imap_month_and_year(in, civil)) return std::nullopt;
  civil.day = *day;
  auto zone = take_imap_time(in, civil);
  if (!zone || !in.at_end()) return std::nullopt;
  return instant(civil, *zone);
}

std::string write_internal_date(UnixTime time, int zone_minutes) {
  Shown s = shown(time, zone_minutes);
  return fmt::format("{:>2}-{}-{:04} {:02}:{:02}:{:02} {}", static_cast<unsigned>(s.date.day()),
                     k_month_names[static_cast<unsigned>(s.date.month()) - 1],
                     static_cast<int>(s.date.year()), s.hour, s.minute, s.second, s.zone);
}

std::optional<std::int64_t> parse_imap_date(std::string_view text) {
  Cursor in(text);
  Civil civil;
  auto day = take_digits(in, 1, 2);
  if (!day || !take_imap_month_and_year(in, civil) || !in.at_end()) return std::nullopt;
  return days_from_civil(civil.year, civil.month, *day);
}

std::int64_t day_of(UnixTime time, int zone_minutes) {
  std::chrono::seconds local =
      std::chrono::seconds(time.seconds) + std::chrono::minutes(zone_minutes);
  return std::chrono::floor<std::chrono::days>(local).count();
}

}  // namespace peregrine::text
