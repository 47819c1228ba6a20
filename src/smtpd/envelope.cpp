#include "smtpd/envelope.h"

#include <algorithm>

#include "text/utf8.h"

namespace peregrine::smtpd {
namespace {

std::string_view name_of(smtp::DsnReturn dsn_return) {
  switch (dsn_return) {
    case smtp::DsnReturn::full:
      return "FULL";
    case smtp::DsnReturn::headers:
      return "HDRS";
    case smtp::DsnReturn::unsaid:
      break;
  }
  return {};
}

std::int64_t hold_time(const smtp::MailFrom& mail, std::int64_t now) {
  if (const auto* until = std::get_if<smtp::HoldUntil>(&mail.hold)) return until->time;
  if (const auto* period = std::get_if<smtp::HoldFor>(&mail.hold)) return now + period->seconds;
  return 0;
}

}  // namespace

std::string sender_text(const smtp::MailFrom& mail) {
  return mail.sender ? mail.sender->to_string() : std::string();
}

api::Envelope make_envelope(const smtp::MailFrom& mail, BytesView header, BytesView message,
                            UnixTime now) {
  api::Envelope out;
  out.set_mail_from(sender_text(mail));
  out.set_smtp_utf8(mail.smtp_utf8 == AllowUtf8::yes);
  out.set_binary(mail.body == smtp::BodyType::binary_mime);
  out.set_eight_bit(!text::is_ascii(message.substr(header.size())));
  out.set_dsn_ret(std::string(name_of(mail.dsn_return)));
  out.set_dsn_envid(mail.envelope_id);
  out.set_require_tls(mail.require_tls);
  // RFC 8689 section 4.1: the field counts for nothing beside the parameter.
  out.set_tls_optional(!mail.require_tls && says_tls_optional(header));
  out.set_priority(mail.priority.value_or(0));
  out.set_hold_until(hold_time(mail, now.seconds));
  if (mail.deliver_by) {
    out.set_deliver_by(now.seconds + mail.deliver_by->seconds);
    out.set_deliver_by_return(mail.deliver_by->is_return);
  }
  return out;
}

api::Recipient make_recipient(const AcceptedRecipient& recipient) {
  api::Recipient out;
  out.set_address(recipient.address);
  out.set_orcpt(recipient.original);
  std::uint32_t notify = api::NOTIFY_DEFAULT;
  if (recipient.notify.never) notify |= api::NOTIFY_NEVER;
  if (recipient.notify.success) notify |= api::NOTIFY_SUCCESS;
  if (recipient.notify.failure) notify |= api::NOTIFY_FAILURE;
  if (recipient.notify.delay) notify |= api::NOTIFY_DELAY;
  out.set_notify(notify);
  return out;
}

bool says_tls_optional(BytesView header) {
  constexpr std::string_view k_name = "tls-required:";
  for (std::size_t at = 0; at < header.size();) {
    BytesView line = header.substr(at);
    if (istarts_with(line, k_name)) {
      BytesView value = line.substr(k_name.size());
      value.remove_prefix(std::min(value.find_first_not_of(" \t\r\n"), value.size()));
      value = value.substr(0, value.find_first_of("\r\n"));
      while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
      return iequals(value, "No");
    }
    std::size_t end = line.find('\n');
    if (end == BytesView::npos) break;
    at += end + 1;
  }
  return false;
}

}  // namespace peregrine::smtpd
