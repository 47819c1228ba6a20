#pragma once
// Dates as messages and IMAP write them. Readers give the instant and the zone that the text named;
// writers write an instant in a given zone. Years are 1900 to 9999.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace peregrine::text {

struct DateTime {
  UnixTime time;
  std::int16_t zone_minutes = 0;  ///< east of UTC
  constexpr bool operator==(const DateTime&) const = default;
};

/// RFC 5322 section 3.3 with the obsolete forms of section 4.3: comments anywhere, two-digit years,
/// named zones. What follows a complete date is ignored; a missing or unknown zone is UTC.
std::optional<DateTime> parse_message_date(std::string_view text);

/// RFC 5322 section 3.3: "Tue, 1 Jul 2003 10:52:37 +0200".
std::string write_message_date(UnixTime time, int zone_minutes = 0);

/// RFC 9051 section 9, date-time without its quotes: " 1-Jul-2003 10:52:37 +0200". Strict.
std::optional<DateTime> parse_internal_date(std::string_view text);
std::string write_internal_date(UnixTime time, int zone_minutes = 0);

/// RFC 9051 section 9, date-text (SEARCH SINCE and the like): "1-Jul-2003", as days since
/// 1970-01-01.
std::optional<std::int64_t> parse_imap_date(std::string_view text);

/// The calendar day, in days since 1970-01-01, that a clock in that zone shows.
std::int64_t day_of(UnixTime time, int zone_minutes = 0);

}  // namespace peregrine::text
