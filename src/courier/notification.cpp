#include "courier/notification.h"

#include <algorithm>

#include "courier/notification_text.h"
#include "crypto/hash.h"
#include "mime/generate.h"
#include "mime/seven_bit.h"
#include "mime/structure.h"
#include "proto/smtp/data_writer.h"
#include "proto/smtp/server_reply.h"
#include "proto/smtp/xtext.h"
#include "text/base64.h"
#include "text/date.h"
#include "text/utf8.h"

namespace peregrine::courier {
namespace {

// Without a wish of the sender's (RFC 3461 section 4.3) short messages come back whole.
constexpr std::uint64_t k_whole_unasked = kib(64);
constexpr std::uint64_t k_whole_asked = mib(1);
constexpr std::uint64_t k_most_header = kib(64);

bool is_failed(const api::RecipientNotice& notice) {
  return notice.action() == "failed";
}

/// Appends a field, or leaves it out when its value cannot stand in one.
void add_field(Bytes& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (auto field = mime::header_field(name, value)) out += *field;
}

bool is_message_clean(BytesView message) {
  smtp::DataWriter writer;
  Bytes ignored;
  return writer.feed(message, ignored) && writer.finish(ignored);
}

/// "rfc822; a@b", and by RFC 6533 section 3 "utf-8; \x{E4}@b", so that the part is ASCII.
std::string typed_address(std::string_view type, std::string_view address) {
  if (text::is_ascii(address)) return std::string(type) + "; " + std::string(address);
  return "utf-8; " + smtp::encode_utf8_address(address);
}

std::string original_recipient(const std::string& orcpt) {
  std::size_t semicolon = orcpt.find(';');
  if (semicolon == std::string::npos) return {};
  std::string type = orcpt.substr(0, semicolon);
  BytesView address = BytesView(orcpt).substr(semicolon + 1);
  // It came encoded, but for what is not ASCII.
  if (iequals(type, "utf-8")) return type + "; " + smtp::embed_unicode(address);
  return typed_address(type, address);
}

std::string diagnostic_code(const api::RecipientNotice& notice) {
  std::string text = smtp::printable(notice.diagnostic(), smtp::k_max_diagnostic);
  if (text.empty()) return {};
  bool is_reply = text.size() >= 3 && std::all_of(text.begin(), text.begin() + 3, is_ascii_digit);
  // RFC 3464 section 2.3.6: the type says who spoke: a mail server, or we.
  return (is_reply ? "smtp; " : "x-peregrine; ") + text;
}

/// "mx.example.org ([192.0.2.1])" of "mx.example.org [192.0.2.1]". RFC 3461 section 9.3: a domain
/// or an address in brackets, and what else is known in a comment.
std::string remote_mta(const std::string& host) {
  std::string shown = smtp::printable(host, 255);
  std::size_t space = shown.find(' ');
  if (space == std::string::npos) return shown;
  std::string name = shown.substr(0, space);
  std::string address = shown.substr(space + 1);
  if ('[' + name + ']' == address) return address;
  return name + " (" + address + ')';
}

Bytes recipient_fields(const api::RecipientNotice& notice) {
  const api::Recipient& recipient = notice.recipient().recipient();
  Bytes out = "\r\n";
  add_field(out, "Original-Recipient", original_recipient(recipient.orcpt()));
  add_field(out, "Final-Recipient", typed_address("rfc822", recipient.address()));
  add_field(out, "Action", notice.action());
  // RFC 3464 section 2.3.4: never without one.
  std::string_view unsaid = notice.action() == "delayed" ? "4.0.0" : "2.0.0";
  if (is_failed(notice)) unsaid = "5.0.0";
  add_field(out, "Status", notice.status().empty() ? unsaid : notice.status());
  if (!notice.remote_host().empty()) {
    add_field(out, "Remote-MTA", "dns; " + remote_mta(notice.remote_host()));
  }
  add_field(out, "Diagnostic-Code", diagnostic_code(notice));
  if (notice.will_retry_until() != 0) {
    add_field(out, "Will-Retry-Until",
              text::write_message_date(UnixTime{notice.will_retry_until()}));
  }
  return out;
}

/// RFC 3464 section 2: one group for the message, then one for each recipient.
Bytes status_part(const api::LeasedMessage& message,
                  const std::vector<const api::RecipientNotice*>& notices,
                  std::string_view hostname) {
  Bytes out = "Content-Type: message/delivery-status\r\n\r\n";
  // RFC 3461 section 6.3 (a): without the encoding that it had in SMTP.
  add_field(out, "Original-Envelope-Id", message.envelope().dsn_envid());
  add_field(out, "Reporting-MTA", "dns; " + std::string(hostname));
  add_field(out, "Arrival-Date", text::write_message_date(UnixTime{message.arrived()}));
  for (const api::RecipientNotice* notice : notices) out += recipient_fields(*notice);
  return out;
}

Bytes encoded_part(std::string_view type, BytesView content) {
  Bytes out = "Content-Type: ";
  out.append(type).append("\r\nContent-Transfer-Encoding: base64\r\n\r\n");
  return out + text::base64_encode_lines(content);
}

Bytes text_part(BytesView text) {
  if (!text::is_ascii(text)) return encoded_part("text/plain; charset=utf-8", text);
  return "Content-Type: text/plain\r\n\r\n" + Bytes(text);
}

/// RFC 6533 section 4: what has UTF-8 in a header is returned by a type of its own, and encoded, as
/// the servers on the way back may not take it otherwise.
Bytes original_part(const api::LeasedMessage& message, BytesView original, Notification& out) {
  std::uint64_t header_size = std::min<std::uint64_t>(message.header_size(), original.size());
  BytesView header = original.substr(0, std::min(header_size, k_most_header));
  bool whole = returned_part(message).whole && original.size() == message.size();
  if (whole && mime::has_wide_header(original)) return encoded_part("message/global", original);
  // What could not be carried on as it is comes back as its header, which base 64 can hold.
  if (!whole || !is_message_clean(original)) {
    bool is_plain = text::is_ascii(header) && is_message_clean(header);
    if (is_plain) return "Content-Type: text/rfc822-headers\r\n\r\n" + Bytes(header);
    bool is_wide = !text::is_ascii(header) && text::is_valid_utf8(header);
    return encoded_part(is_wide ? "message/global-headers" : "text/rfc822-headers", header);
  }
  out.eight_bit = !text::is_ascii(original);
  Bytes part = "Content-Type: message/rfc822\r\n";
  if (out.eight_bit) part += "Content-Transfer-Encoding: 8bit\r\n";
  part += "\r\n";
  return part.append(original);
}

std::optional<Bytes> header(const api::LeasedMessage& message,
                            const std::vector<const api::RecipientNotice*>& notices,
                            BytesView original, std::string_view hostname, UnixTime now) {
  auto to = mime::header_field("To", '<' + message.envelope().mail_from() + '>');
  if (!to) return std::nullopt;
  std::string host(hostname);
  std::string id = to_hex(crypto::random_bytes(12));
  Bytes out;
  add_field(out, "From", "Mail delivery <postmaster@" + host + '>');
  out += *to;
  add_field(out, "Subject", subject_of(notices));
  add_field(out, "Date", text::write_message_date(now));
  add_field(out, "Message-ID", '<' + id + '@' + host + '>');
  // RFC 3834 section 5: a program answers, and no program is to answer it.
  add_field(out, "Auto-Submitted", "auto-replied");
  MessageSummary summary = mime::read_message(original.substr(0, message.header_size()));
  if (summary.envelope.message_id) {
    add_field(out, "In-Reply-To", smtp::printable(*summary.envelope.message_id, 900));
  }
  add_field(out, "MIME-Version", "1.0");
  return out;
}

}  // namespace

ReturnedPart returned_part(const api::LeasedMessage& message) {
  bool any_failed = std::ranges::any_of(message.notices(), is_failed);
  const std::string& ret = message.envelope().dsn_ret();
  // RFC 3461 section 4.3: what was delivered or is only late comes back as a header at most.
  std::uint64_t limit = ret == "FULL" ? k_whole_asked : ret.empty() ? k_whole_unasked : 0;
  // RFC 8689 section 5: as if RET=HDRS was present, whatever was.
  if (message.envelope().require_tls()) limit = 0;
  if (any_failed && message.size() <= limit) return {true, message.size()};
  return {false, std::min<std::uint64_t>(message.header_size(), k_most_header)};
}

std::vector<const api::RecipientNotice*> wanted_notices(const api::LeasedMessage& message) {
  std::vector<const api::RecipientNotice*> out;
  // RFC 5321 section 6.1: a notification about a notification would have no end.
  if (message.envelope().mail_from().empty()) return out;
  for (const api::RecipientNotice& notice : message.notices()) {
    std::uint32_t wish = notice.recipient().recipient().notify();
    bool is_default = wish == api::NOTIFY_DEFAULT;
    std::uint32_t kind = is_failed(notice)              ? api::NOTIFY_FAILURE
                         : notice.action() == "delayed" ? api::NOTIFY_DELAY
                                                        : api::NOTIFY_SUCCESS;
    bool is_wanted = (wish & kind) != 0 || (is_default && kind != api::NOTIFY_SUCCESS);
    if (is_wanted && (wish & api::NOTIFY_NEVER) == 0) out.push_back(&notice);
  }
  return out;
}

std::optional<Notification> compose_notification(const api::LeasedMessage& message,
                                                 BytesView original, std::string_view hostname,
                                                 UnixTime now) {
  std::vector<const api::RecipientNotice*> notices = wanted_notices(message);
  if (notices.empty()) return std::nullopt;
  auto fields = header(message, notices, original, hostname, now);
  if (!fields) return std::nullopt;
  Notification out;
  out.smtp_utf8 = !text::is_ascii(message.envelope().mail_from());
  Bytes returned = original_part(message, original, out);
  // Drawn by chance: nothing in the original can be a boundary.
  std::string boundary = to_hex(crypto::random_bytes(16));
  out.text = std::move(*fields);
  out.text += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" +
              boundary + "\"\r\n";
  if (out.eight_bit) out.text += "Content-Transfer-Encoding: 8bit\r\n";
  for (const Bytes& part : {text_part(human_text(notices, hostname)),
                            status_part(message, notices, hostname), returned}) {
    out.text += "\r\n--" + boundary + "\r\n" + part;
  }
  out.text += "\r\n--" + boundary + "--\r\n";
  return out;
}

}  // namespace peregrine::courier
