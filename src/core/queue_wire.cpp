#include "core/queue_wire.h"

#include <charconv>
#include <fmt/format.h>
#include <utility>

#include "base/log.h"

namespace peregrine::core {
namespace {

void fill(const queue::Envelope& envelope, api::Envelope& out) {
  out.set_mail_from(envelope.mail_from);
  out.set_smtp_utf8(envelope.smtp_utf8);
  out.set_eight_bit(envelope.eight_bit);
  out.set_binary(envelope.binary);
  out.set_dsn_ret(envelope.dsn_ret);
  out.set_dsn_envid(envelope.dsn_envid);
  out.set_require_tls(envelope.require_tls);
  out.set_tls_optional(envelope.tls_optional);
  out.set_priority(envelope.priority);
  out.set_hold_until(envelope.hold_until.seconds);
  out.set_deliver_by(envelope.deliver_by.seconds);
  out.set_deliver_by_return(envelope.deliver_by_return);
}

void fill(std::uint32_t index, const queue::RecipientRecord& record, api::LeasedRecipient& out) {
  out.set_index(index);
  out.set_attempts(record.attempts);
  out.mutable_recipient()->set_address(record.address);
  out.mutable_recipient()->set_notify(record.notify);
  out.mutable_recipient()->set_orcpt(record.orcpt);
}

std::string action_name(const queue::RecipientRecord& record) {
  // RFC 3464 section 2.3.3: the states are named after the actions.
  return queue::awaits_notification(record.state) ? std::string(state_name(record.state))
                                                  : "delayed";
}

void fill(std::uint32_t index, const queue::RecipientRecord& record, UnixTime expires,
          api::RecipientNotice& out) {
  fill(index, record, *out.mutable_recipient());
  out.set_action(action_name(record));
  out.set_status(record.status);
  out.set_remote_host(record.host);
  out.set_diagnostic(record.diagnostic);
  if (!queue::awaits_notification(record.state)) out.set_will_retry_until(expires.seconds);
}

bool is_pattern(const std::string& text) {
  if (text.empty() || text == "<>") return true;
  if (text.front() == '@') return canonical_domain(std::string_view(text).substr(1)).has_value();
  return Address::parse(text).has_value();
}

/// A domain that people write as they know it, as the queue does.
std::string destination_name(const std::string& text) {
  auto domain = canonical_domain(text);
  return domain ? *domain : ascii_lower(text);
}

std::string pattern_of(const std::string& text) {
  if (text.empty() || text.front() != '@') return text;
  return '@' + destination_name(text.substr(1));
}

}  // namespace

std::optional<queue::Envelope> envelope_of(const api::Envelope& envelope) {
  queue::Envelope out;
  if (!envelope.mail_from().empty()) {
    auto address = Address::parse(envelope.mail_from());
    if (!address) return std::nullopt;
    out.mail_from = address->to_string();
  }
  out.smtp_utf8 = envelope.smtp_utf8();
  out.eight_bit = envelope.eight_bit();
  out.binary = envelope.binary();
  out.dsn_ret = envelope.dsn_ret();
  out.dsn_envid = envelope.dsn_envid();
  out.require_tls = envelope.require_tls();
  out.tls_optional = envelope.tls_optional() && !out.require_tls;
  out.priority = envelope.priority();
  out.hold_until = {envelope.hold_until()};
  out.deliver_by = {envelope.deliver_by()};
  out.deliver_by_return = envelope.deliver_by_return();
  if (!queue::is_valid(out)) return std::nullopt;
  return out;
}

api::LeaseResponse response_of(const queue::Lease& lease) {
  api::LeaseResponse out;
  out.set_lease(lease.id.value);
  bool is_send = lease.kind == queue::LeaseKind::send;
  out.set_kind(is_send ? api::LEASE_SEND : api::LEASE_NOTIFY);
  out.set_destination(lease.destination);
  out.set_expires(lease.expires.seconds);
  for (const queue::LeasedMessage& message : lease.messages) {
    api::LeasedMessage& each = *out.add_messages();
    each.set_message(message.id.value);
    each.set_trace(message.record.trace.value);
    fill(message.record.envelope, *each.mutable_envelope());
    each.set_size(message.record.size);
    each.set_header_size(message.record.header_size);
    each.set_arrived(message.record.arrived.seconds);
    each.set_submitter(message.record.submitter);
    for (const auto& [index, record] : message.recipients) {
      if (is_send) {
        fill(index, record, *each.add_recipients());
      } else {
        fill(index, record, message.record.expires, *each.add_notices());
      }
    }
  }
  return out;
}

std::optional<queue::Report> report_of(const api::ReportRequest& request) {
  queue::Report out{.lease = queue::LeaseId(request.lease()),
                    .results = {},
                    .destination_failed = request.destination_failed(),
                    .destination = ascii_lower(request.destination()),
                    .reason = request.reason(),
                    .is_last = request.last()};
  for (const api::RecipientReport& each : request.recipients()) {
    // Both are numbered alike.
    if (each.outcome() < api::REPORT_DELIVERED || each.outcome() > api::REPORT_NOT_TRIED) {
      return std::nullopt;
    }
    std::string host = each.remote_host();
    if (!each.remote_address().empty()) host += " [" + each.remote_address() + "]";
    out.results.push_back({.message = queue::QueueId(each.message()),
                           .index = each.index(),
                           .outcome = static_cast<queue::Outcome>(each.outcome()),
                           .status = each.status(),
                           .host = std::move(host),
                           .diagnostic = each.diagnostic(),
                           .tls = each.tls()});
  }
  return out;
}

api::QueueMessageInfo info_of(const queue::LeasedMessage& message) {
  api::QueueMessageInfo out;
  out.set_message(message.id.value);
  out.set_trace(message.record.trace.value);
  out.set_mail_from(message.record.envelope.mail_from);
  out.set_submitter(message.record.submitter);
  out.set_size(message.record.size);
  out.set_arrived(message.record.arrived.seconds);
  out.set_expires(message.record.expires.seconds);
  out.set_held(message.record.is_held());
  out.set_held_because(message.record.held_because);
  for (const auto& [index, record] : message.recipients) {
    api::QueueRecipientInfo& each = *out.add_recipients();
    each.set_index(index);
    each.set_address(record.address);
    each.set_destination(record.destination);
    each.set_state(std::string(state_name(record.state)));
    each.set_attempts(record.attempts);
    if (record.state == queue::State::waiting) each.set_next_attempt(record.due.seconds);
    each.set_last_status(record.status);
    each.set_last_diagnostic(record.diagnostic);
    each.set_last_host(record.host);
  }
  return out;
}

api::TraceEvent event_of(queue::TraceId trace, const queue::EventRecord& record) {
  api::TraceEvent out;
  out.set_time(static_cast<std::int64_t>(record.time));
  out.set_trace(trace.value);
  out.set_event(record.event);
  out.set_text(record.text);
  return out;
}

std::expected<queue::Filter, std::string> filter_of(const api::QueueFilter& filter) {
  for (const std::string& text : {filter.sender(), filter.recipient()}) {
    if (is_pattern(text)) continue;
    return std::unexpected(fmt::format("{}: neither an address nor @domain", log_escape(text)));
  }
  return queue::Filter{.message = queue::QueueId(filter.message()),
                       .sender = pattern_of(filter.sender()),
                       .recipient = pattern_of(filter.recipient()),
                       .destination = destination_name(filter.destination()),
                       .only_held = filter.only_held(),
                       .only_failing = filter.only_failing()};
}

namespace {

/// A domain, an address literal, or a next hop as a route names it.
bool is_next_hop(const std::string& text) {
  if (!queue::is_valid_destination(text)) return false;
  if (text.contains("://")) return config::parse_route("* " + text).has_value();
  if (text.starts_with('[')) return Address::parse("x@" + text).has_value();
  auto domain = canonical_domain(text);
  return domain && *domain == text;
}

}  // namespace

std::expected<queue::Action, std::string> action_of(const api::QueueChangeRequest& request) {
  // Both are numbered alike.
  if (request.action() < api::QUEUE_RETRY || request.action() > api::QUEUE_ROUTE) {
    return std::unexpected("there is no such action");
  }
  if (request.action() == api::QUEUE_ROUTE && !is_next_hop(request.route())) {
    return std::unexpected(
        fmt::format("{}: not a destination; name a domain, an address in "
                    "brackets, or smtp://host:port",
                    log_escape(request.route())));
  }
  return static_cast<queue::Action>(request.action());
}

std::optional<TraceSubject> trace_subject(const std::string& text) {
  if (text.contains('@')) {
    auto address = Address::parse(text);
    if (!address) return std::nullopt;
    return TraceSubject{{}, address->key()};
  }
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return TraceSubject{queue::TraceId(value), {}};
}

std::string text_of(queue::QueueError error) {
  switch (error) {
    case queue::QueueError::not_found:
      return "there is no such message; peregrine queue list shows those there are";
    case queue::QueueError::bad_request:
      return "the request is malformed";
    case queue::QueueError::no_space:
      return "the disk is full: free space on the data directory's file system, and try again";
    case queue::QueueError::io:
      return "the disk failed; the log of the server says how";
    case queue::QueueError::corrupt:
      return "a record is damaged; run peregrine verify";
    case queue::QueueError::newer_format:
      return "a record was written by a later version of peregrine: run that version";
  }
  return "it failed";
}

queue::Options queue_options(const config::Settings& settings) {
  auto to_seconds = [](config::Duration span) {
    return std::chrono::duration_cast<std::chrono::seconds>(span);
  };
  const config::OutboundSettings& outbound = settings.outbound;
  queue::Options out{.lifetime = to_seconds(settings.queue.lifetime),
                     .delay_warning = to_seconds(settings.queue.delay_warning),
                     .retry_first = to_seconds(settings.queue.retry_first),
                     .retry_longest = to_seconds(settings.queue.retry_longest),
                     .lease_time = to_seconds(settings.queue.lease_time),
                     .leases_per_destination = outbound.connections_per_destination,
                     .leases_of = {},
                     .group_of = {},
                     .trace_history = to_seconds(settings.queue.trace_history)};
  if (!outbound.routes.empty() || outbound.messages_per_minute != 0) {
    out.leases_of = [outbound](const std::string& destination) {
      return config::pace_of(outbound, destination).connections;
    };
  }
  out.group_of = [sources = outbound.sources](const queue::MessageRecord& message) {
    const config::Source* source =
        config::find_source(sources, message.submitter, message.envelope.mail_from);
    std::string group = source == nullptr ? std::string() : source->sender;
    // RFC 8689 section 4.2.2: another TLS, so another connection.
    return message.envelope.tls_optional ? group + '!' : group;
  };
  return out;
}

}  // namespace peregrine::core
