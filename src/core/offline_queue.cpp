// What operators ask about outgoing mail while no server runs.
#include "core/offline.h"
#include "core/queue_wire.h"

namespace peregrine::core {
namespace {

constexpr std::size_t k_messages_a_step = 100;

}  // namespace

std::expected<void, std::string> Offline::queue_list(const api::QueueListRequest& request,
                                                     const Messages& out) {
  auto filter = filter_of(request.filter());
  if (!filter) return std::unexpected(filter.error());
  queue::QueueId from(1);
  while (!from.is_none()) {
    auto ids = model_.queue->select(*filter, from, k_messages_a_step, k_messages_a_step);
    if (!ids) return std::unexpected(text_of(ids.error()));
    for (queue::QueueId id : *ids) {
      auto message = model_.queue->describe(id, *filter);
      if (message && *message) out(info_of(**message));
    }
  }
  return {};
}

api::QueueChangeResponse Offline::queue_change(const api::QueueChangeRequest& request) {
  api::QueueChangeResponse response;
  auto filter = filter_of(request.filter());
  auto action = action_of(request);
  if (!filter || !action) {
    response.set_error(filter ? action.error() : filter.error());
    return response;
  }
  std::uint64_t changed = 0;
  queue::QueueId from(1);
  while (!from.is_none() && response.error().empty()) {
    auto ids = model_.queue->select(*filter, from, k_messages_a_step, k_messages_a_step);
    if (!ids) {
      response.set_error(text_of(ids.error()));
      break;
    }
    auto done = model_.queue->operate(*ids, *filter, *action, request.route(), wall_now());
    if (done) {
      changed += ids->size();
    } else {
      response.set_error(text_of(done.error()));
    }
  }
  response.set_messages(changed);
  if (!reach_disk(model_.queue->last_sequence())) {
    response.set_error("the disk failed, and the change may be lost: check the disk");
  }
  return response;
}

void Offline::send_story(queue::TraceId trace, const Events& out) {
  auto events = queue::events_of(*model_.store, trace);
  if (!events) return;
  for (const queue::EventRecord& event : *events) out(event_of(trace, event));
}

std::expected<void, std::string> Offline::trace(const api::TraceRequest& request,
                                                const Events& out) {
  auto subject = trace_subject(request.id_or_address());
  if (!subject) return std::unexpected("neither a message's id nor an address");
  if (subject->address.empty()) {
    send_story(subject->trace, out);
    return {};
  }
  Bytes position;
  while (true) {
    auto traces = queue::traces_of(*model_.store, subject->address, position, k_messages_a_step);
    if (!traces) return std::unexpected(text_of(traces.error()));
    if (traces->empty()) return {};
    for (queue::TraceId each : *traces) send_story(each, out);
  }
}

}  // namespace peregrine::core
