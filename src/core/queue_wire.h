#pragma once
// Between the queue's types and those of the calls about it. What comes from a worker is checked by
// the queue itself, which refuses what SMTP would not have let through (V09).

#include <expected>
#include <string>

#include "api/queue.pb.h"
#include "config/settings.h"
#include "queue/queue.h"

namespace peregrine::core {

/// Nothing for a sender that is no address. The sender's spelling becomes the canonical one.
std::optional<queue::Envelope> envelope_of(const api::Envelope& envelope);

api::LeaseResponse response_of(const queue::Lease& lease);
/// Nothing for what no courier sends.
std::optional<queue::Report> report_of(const api::ReportRequest& request);

api::QueueMessageInfo info_of(const queue::LeasedMessage& message);
api::TraceEvent event_of(queue::TraceId trace, const queue::EventRecord& record);
/// The error is a line for the operator.
std::expected<queue::Filter, std::string> filter_of(const api::QueueFilter& filter);
std::expected<queue::Action, std::string> action_of(const api::QueueChangeRequest& request);

/// What `peregrine trace` was asked for: a message's id in the logs, or an address.
struct TraceSubject {
  queue::TraceId trace;
  std::string address;  ///< Address::key(); empty: it is the id
};
std::optional<TraceSubject> trace_subject(const std::string& text);

/// Why the queue could not do it, and what to do about it.
std::string text_of(queue::QueueError error);

queue::Options queue_options(const config::Settings& settings);

}  // namespace peregrine::core
