#include "proto/smtp/client_commands.h"

#include <algorithm>
#include <array>

#include "proto/smtp/xtext.h"
#include "text/base64.h"

namespace peregrine::smtp {
namespace {

// RFC 5321 section 4.5.3.1.4 with what RFC 3461 section 5.4 and the other extensions add.
constexpr std::size_t k_max_line = 2048;

bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == 0x7f;
}

/// True when `path` can stand between angle brackets: one Mailbox, its local part quoted where it
/// has spaces or brackets.
bool is_path(std::string_view path, bool smtp_utf8) {
  bool quoted = false, escaped = false;
  for (char c : path) {
    if (is_control(c) || (c < 0 && !smtp_utf8)) return false;
    if (escaped) {
      escaped = false;
    } else if (quoted && c == '\\') {
      escaped = true;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
      return false;
    }
  }
  return !quoted;
}

std::optional<Bytes> finished(Bytes line) {
  line += "\r\n";
  if (line.size() > k_max_line) return std::nullopt;
  return line;
}

std::string notify_value(std::uint32_t notify) {
  if ((notify & k_notify_never) != 0) return "NEVER";
  struct Word {
    std::uint32_t bit;
    std::string_view text;
  };
  std::string out;
  for (const Word& word :
       std::array{Word{k_notify_success, "SUCCESS"}, Word{k_notify_failure, "FAILURE"},
                  Word{k_notify_delay, "DELAY"}}) {
    if ((notify & word.bit) == 0) continue;
    if (!out.empty()) out += ',';
    out += word.text;
  }
  return out;
}

}  // namespace

std::optional<Bytes> mail_line(const MailLine& mail) {
  if (!is_path(mail.sender, mail.smtp_utf8)) return std::nullopt;
  Bytes line = "MAIL FROM:<";
  line += mail.sender;
  line += '>';
  if (mail.size) line += " SIZE=" + std::to_string(*mail.size);
  if (mail.body == BodyKind::eight_bit) line += " BODY=8BITMIME";
  if (mail.body == BodyKind::binary) line += " BODY=BINARYMIME";
  if (mail.smtp_utf8) line += " SMTPUTF8";
  if (mail.require_tls) line += " REQUIRETLS";
  if (mail.ret == "FULL" || mail.ret == "HDRS") line.append(" RET=").append(mail.ret);
  if (!mail.envid.empty()) line += " ENVID=" + encode_xtext(mail.envid);
  if (mail.priority) line += " MT-PRIORITY=" + std::to_string(std::clamp(*mail.priority, -9, 9));
  if (mail.deliver_by) {
    // RFC 2852 section 4: at most nine digits.
    std::int64_t seconds = std::clamp<std::int64_t>(*mail.deliver_by, -999'999'999, 999'999'999);
    line += " BY=" + std::to_string(seconds) + (mail.deliver_by_return ? ";R" : ";N");
  }
  return finished(std::move(line));
}

std::optional<Bytes> rcpt_line(const RcptLine& rcpt) {
  if (rcpt.recipient.empty() || !is_path(rcpt.recipient, rcpt.smtp_utf8)) return std::nullopt;
  Bytes line = "RCPT TO:<";
  line += rcpt.recipient;
  line += '>';
  if (std::string notify = notify_value(rcpt.notify); !notify.empty()) line += " NOTIFY=" + notify;
  std::size_t semicolon = rcpt.orcpt.find(';');
  if (semicolon != std::string_view::npos) {
    // RFC 3461 section 4.2: the type as it is, the address in xtext.
    std::string_view type = rcpt.orcpt.substr(0, semicolon);
    bool is_atom = !type.empty() && std::ranges::all_of(type, [](char c) {
      return is_ascii_digit(c) || c == '-' || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
    });
    if (!is_atom) return std::nullopt;
    line.append(" ORCPT=").append(type) += ';';
    std::string_view address = rcpt.orcpt.substr(semicolon + 1);
    // RFC 6533 section 3: that type has an escape of its own, and raw UTF-8 only under SMTPUTF8.
    bool is_utf8 = iequals(type, "utf-8");
    if (!is_utf8) {
      line += encode_xtext(address);
    } else {
      line += rcpt.smtp_utf8 ? Bytes(address) : embed_unicode(address);
    }
  }
  return finished(std::move(line));
}

Bytes ehlo_line(std::string_view hostname) {
  return "EHLO " + Bytes(hostname) + "\r\n";
}

Bytes helo_line(std::string_view hostname) {
  return "HELO " + Bytes(hostname) + "\r\n";
}

std::optional<Bytes> auth_plain_line(std::string_view user, std::string_view password) {
  if (user.find('\0') != std::string_view::npos || password.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  Bytes message = '\0' + Bytes(user) + '\0';
  message += password;
  return "AUTH PLAIN " + text::base64_encode(message) + "\r\n";
}

Bytes bdat_line(std::uint64_t size) {
  return "BDAT " + std::to_string(size) + " LAST\r\n";
}

}  // namespace peregrine::smtp
