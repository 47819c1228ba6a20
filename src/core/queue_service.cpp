// The operator's calls about outgoing mail: queue_list, queue_change, trace.
#include "core/call.h"
#include "core/core.h"
#include "core/queue_wire.h"

namespace peregrine::core {
namespace {

/// Messages that are shown or changed in one turn of the loop, of those that are looked at.
constexpr std::size_t k_messages_a_turn = 50;
constexpr std::size_t k_looked_at_a_turn = 500;

net::Task<bool> send_story(Core& core, Call& call, queue::TraceId trace) {
  auto events = queue::events_of(*core.model.store, trace);
  if (!events) co_return true;
  for (const queue::EventRecord& event : *events) {
    bool sent = co_await send(core, call, event_of(trace, event).SerializeAsString());
    if (!sent) co_return false;
  }
  co_return true;
}

}  // namespace

net::Task<Answer<void>> queue_list(Core& core, Call& call, api::QueueListRequest request) {
  auto filter = filter_of(request.filter());
  if (!filter) co_return std::unexpected(api::ErrorCode::bad_name);
  queue::QueueId from(1);
  while (!from.is_none() && !call.request.is_cancelled()) {
    auto ids = core.model.queue->select(*filter, from, k_messages_a_turn, k_looked_at_a_turn);
    if (!ids) co_return std::unexpected(api::ErrorCode::failed);
    call.after = core.model.queue->last_sequence();
    for (queue::QueueId id : *ids) {
      auto message = core.model.queue->describe(id, *filter);
      if (!message || !*message) continue;  // gone meanwhile
      bool sent = co_await send(core, call, info_of(**message).SerializeAsString());
      if (!sent) co_return Answer<void>{};
    }
    co_await net::sleep_until(core.loop, Monotonic::now());
  }
  co_return Answer<void>{};
}

net::Task<Answer<api::QueueChangeResponse>> queue_change(Core& core, Call& call,
                                                         api::QueueChangeRequest request) {
  api::QueueChangeResponse response;
  auto filter = filter_of(request.filter());
  auto action = action_of(request);
  if (!filter || !action) {
    response.set_error(filter ? action.error() : filter.error());
    co_return response;
  }
  std::uint64_t changed = 0;
  queue::QueueId from(1);
  while (!from.is_none() && !core.is_stopping) {
    auto ids = core.model.queue->select(*filter, from, k_messages_a_turn, k_looked_at_a_turn);
    if (!ids) {
      response.set_error(text_of(ids.error()));
      break;
    }
    auto done = core.model.queue->operate(*ids, *filter, *action, request.route(), wall_now());
    if (!done) {
      response.set_error(text_of(done.error()));
      break;
    }
    call.after = *done;
    changed += ids->size();
    co_await net::sleep_until(core.loop, Monotonic::now());
  }
  core.courier_waits.wake_one({});
  response.set_messages(changed);
  co_return response;
}

net::Task<Answer<void>> trace(Core& core, Call& call, api::TraceRequest request) {
  auto subject = trace_subject(request.id_or_address());
  if (!subject) co_return std::unexpected(api::ErrorCode::bad_name);
  call.after = core.model.queue->last_sequence();
  if (subject->address.empty()) {
    static_cast<void>(co_await send_story(core, call, subject->trace));
    co_return Answer<void>{};
  }
  Bytes position;
  while (!call.request.is_cancelled()) {
    auto traces =
        queue::traces_of(*core.model.store, subject->address, position, k_messages_a_turn);
    if (!traces) co_return std::unexpected(api::ErrorCode::failed);
    if (traces->empty()) break;
    for (queue::TraceId each : *traces) {
      bool sent = co_await send_story(core, call, each);
      if (!sent) co_return Answer<void>{};
    }
  }
  co_return Answer<void>{};
}

}  // namespace peregrine::core
