#include "proto/smtp/extensions.h"

#include <algorithm>

#include "proto/smtp/timestamp.h"

namespace peregrine::smtp {
namespace {

// A year: longer than the queue of any sensible sender keeps anything.
constexpr std::uint32_t k_longest_hold = 365 * 86'400;

}  // namespace

std::vector<std::string> Extensions::keywords() const {
  std::vector<std::string> lines;
  if (pipelining) lines.emplace_back("PIPELINING");
  if (max_size) lines.push_back("SIZE " + std::to_string(*max_size));
  if (eight_bit_mime) lines.emplace_back("8BITMIME");
  if (smtp_utf8) lines.emplace_back("SMTPUTF8");
  if (enhanced_status_codes) lines.emplace_back("ENHANCEDSTATUSCODES");
  if (chunking) lines.emplace_back("CHUNKING");
  if (binary_mime) lines.emplace_back("BINARYMIME");
  if (dsn) lines.emplace_back("DSN");
  if (per_recipient_replies) lines.emplace_back("PRDR");
  if (priority) lines.emplace_back("MT-PRIORITY");
  if (require_tls) lines.emplace_back("REQUIRETLS");
  if (limits) {
    lines.push_back("LIMITS MAILMAX=" + std::to_string(limits->messages) +
                    " RCPTMAX=" + std::to_string(limits->recipients));
  }
  if (future_release) {
    lines.push_back("FUTURERELEASE " + std::to_string(future_release->max_seconds) + ' ' +
                    format_rfc3339(future_release->max_time));
  }
  if (deliver_by) lines.emplace_back("DELIVERBY");
  if (start_tls) lines.emplace_back("STARTTLS");
  if (!auth_mechanisms.empty()) {
    std::string line = "AUTH";
    for (const std::string& mechanism : auth_mechanisms) line += ' ' + mechanism;
    lines.push_back(std::move(line));
  }
  return lines;
}

Extensions make_offer(const Offer& offer) {
  auto enabled = [&](std::string_view name) {
    return std::ranges::find(offer.disabled, name) == offer.disabled.end();
  };
  Extensions out;
  // RFC 2033 section 4: LMTP has PIPELINING and ENHANCEDSTATUSCODES in any case.
  out.pipelining = offer.is_lmtp || enabled("PIPELINING");
  out.max_size = offer.max_size;
  out.eight_bit_mime = enabled("8BITMIME");
  out.smtp_utf8 = enabled("SMTPUTF8");
  out.enhanced_status_codes = true;
  out.chunking = enabled("CHUNKING");
  // RFC 3030 section 3: BINARYMIME comes with CHUNKING alone.
  out.binary_mime = out.chunking && enabled("BINARYMIME");
  out.dsn = enabled("DSN");
  // LMTP answers for each recipient in any case.
  out.per_recipient_replies = !offer.is_lmtp && enabled("PRDR");
  out.priority = enabled("MT-PRIORITY");
  // RFC 8689 section 2: offered on a channel that is itself protected.
  out.require_tls = offer.is_encrypted && enabled("REQUIRETLS");
  if (enabled("LIMITS")) out.limits = offer.limits;
  if (offer.is_submission && enabled("FUTURERELEASE")) {
    out.future_release = FutureRelease{k_longest_hold, offer.now + k_longest_hold};
  }
  out.deliver_by = offer.is_submission && enabled("DELIVERBY");
  out.start_tls = offer.can_start_tls && !offer.is_encrypted;
  out.auth_mechanisms = offer.auth_mechanisms;
  return out;
}

Reply hello_reply(std::string_view host, const Extensions& offered) {
  // RFC 2034 section 4: the answer to EHLO carries no enhanced status code.
  Reply reply(250, {}, std::string(host));
  for (std::string& line : offered.keywords()) reply.add_line(std::move(line));
  return reply;
}

}  // namespace peregrine::smtp
