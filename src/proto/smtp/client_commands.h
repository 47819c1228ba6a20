#pragma once
// The commands that we send as a client, each as one line with its CRLF. A writer gives nothing
// when a value could not stand in a line: a control character, a space in a path, bytes above 127
// without SMTPUTF8. So nothing that came from elsewhere can add a command.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::smtp {

enum class BodyKind : std::uint8_t { seven_bit, eight_bit, binary };

/// MAIL with what the server offered: an absent member is not sent.
struct MailLine {
  std::string_view sender;  ///< without angle brackets; empty: the null reverse-path
  std::optional<std::uint64_t> size;
  BodyKind body = BodyKind::seven_bit;
  bool smtp_utf8 = false;
  bool require_tls = false;
  std::string_view ret;    ///< "FULL" or "HDRS"
  std::string_view envid;  ///< decoded
  std::optional<int> priority;
  std::optional<std::int64_t> deliver_by;  ///< seconds from now, may be negative
  bool deliver_by_return = false;
};
std::optional<Bytes> mail_line(const MailLine& mail);

/// RFC 3461 section 4.1, for RcptLine::notify; a bit each.
inline constexpr std::uint32_t k_notify_never = 1;
inline constexpr std::uint32_t k_notify_success = 2;
inline constexpr std::uint32_t k_notify_failure = 4;
inline constexpr std::uint32_t k_notify_delay = 8;

struct RcptLine {
  std::string_view recipient;
  bool smtp_utf8 = false;
  std::uint32_t notify = 0;  ///< 0: not sent
  /// "rfc822;…" decoded, or "utf-8;…" as it came (RFC 6533 section 3); empty: not sent.
  std::string_view orcpt;
};
std::optional<Bytes> rcpt_line(const RcptLine& rcpt);

Bytes ehlo_line(std::string_view hostname);
Bytes helo_line(std::string_view hostname);
/// RFC 4954 section 4 with RFC 4616: the credentials in the command itself. Only within TLS.
std::optional<Bytes> auth_plain_line(std::string_view user, std::string_view password);
Bytes bdat_line(std::uint64_t size);

inline constexpr std::string_view k_start_tls_line = "STARTTLS\r\n";
inline constexpr std::string_view k_data_line = "DATA\r\n";
inline constexpr std::string_view k_rset_line = "RSET\r\n";
inline constexpr std::string_view k_quit_line = "QUIT\r\n";

}  // namespace peregrine::smtp
