#include "courier/leases.h"

#include <utility>

#include "courier/job.h"
#include "courier/notify.h"

namespace peregrine::courier {
namespace {

constexpr std::chrono::seconds k_wait{30};
constexpr std::chrono::seconds k_call_time{60};
constexpr std::chrono::minutes k_slot_time{2};
constexpr std::uint32_t k_messages_a_lease = 20;

/// Tells the end of the lease before, and takes the next one. False: there is none, after a pause.
net::Task<bool> ask(Courier& courier, Errand& errand) {
  api::LeaseRequest request;
  request.set_wait_milliseconds(
      static_cast<std::uint32_t>(std::chrono::milliseconds(k_wait).count()));
  request.set_most_messages(k_messages_a_lease);
  if (errand.report) {
    // There may be a connection open to the same place.
    request.set_prefer_destination(errand.report->destination());
    *request.mutable_report() = *std::exchange(errand.report, std::nullopt);
  }
  Deadline start = Monotonic::now();
  auto lease = co_await api::lease(courier.worker.core(), request, deadline_in(k_call_time));
  if (!lease && request.has_report()) {
    static_cast<void>(co_await send_report(courier, request.report()));
  }
  if (lease && lease->lease() != 0) {
    errand.lease = std::move(*lease);
    co_return true;
  }
  // Core is away, or answers "nothing" without a wait: not again at once.
  if (Monotonic::now() - start < courier.core_pause) {
    co_await net::sleep_until(courier.worker.loop(), deadline_in(courier.core_pause));
  }
  co_return false;
}

net::Task<void> decline(Courier& courier, Errand& errand, std::string why) {
  if (errand.lease.kind() != api::LEASE_SEND) co_return;
  Job job(courier, errand);
  auto report = job.give_back(not_tried(std::move(why)));
  if (report) static_cast<void>(co_await send_report(courier, std::move(*report)));
}

/// Mail: by a session that there is, or by a new one.
net::Task<void> send(Courier& courier, Errand& errand) {
  const config::OutboundSettings& outbound = courier.outbound();
  errand.place = place_of(outbound, errand.lease);
  std::uint32_t most = config::pace_of(outbound, errand.lease.destination()).connections;
  Entry entry = co_await courier.slots.enter(errand, most, deadline_in(k_slot_time));
  if (entry == Entry::taken) co_return;
  if (entry == Entry::timed_out) {
    co_await decline(courier, errand, "other mail for the destination is being sent");
    errand.done.notify();
    co_return;
  }
  // A connection that is of no use just now makes room for one that is.
  if (courier.jobs.size() >= outbound.connections) courier.slots.end_oldest_idle();
  Job job(courier, errand);
  co_await job.run();
}

/// In the gate of sessions, so that the end of the process waits for it.
net::Task<void> run(Courier& courier, Errand& errand) {
  courier.worker.count_served();
  if (errand.lease.kind() == api::LEASE_SEND) co_return co_await send(courier, errand);
  co_await run_notices(courier, std::move(errand.lease));
  errand.done.notify();
}

net::Task<void> lease_loop(Courier& courier) {
  Errand errand(courier.worker.loop());
  while (!courier.worker.is_stopping()) {
    bool has_lease = co_await ask(courier, errand);
    if (!has_lease) continue;
    if (courier.worker.is_stopping()) {
      co_await decline(courier, errand, k_stopping);
      co_return;
    }
    courier.worker.sessions().spawn(run(courier, errand));
    // Each step of a job has a deadline.
    static_cast<void>(co_await errand.done.wait(Deadline::max()));
  }
}

/// A process that has just begun holds nothing: what one before it left on lease is nobody's.
net::Task<void> end_leases_of_before(Courier& courier) {
  api::LeaseRequest request;
  request.set_ends_all(true);
  while (!courier.worker.is_stopping()) {
    auto ended = co_await api::lease(courier.worker.core(), request, deadline_in(k_call_time));
    if (ended) co_return;
    co_await net::sleep_until(courier.worker.loop(), deadline_in(courier.core_pause));
  }
}

net::Task<void> start(Courier& courier, std::uint32_t count) {
  co_await end_leases_of_before(courier);
  for (std::uint32_t i = 0; i < count; ++i) courier.worker.gate().spawn(lease_loop(courier));
}

net::Task<void> give_back_late(Courier& courier, std::chrono::milliseconds grace) {
  co_await net::sleep_until(courier.worker.loop(), deadline_in(grace / 2));
  std::vector<api::ReportRequest> reports;
  for (Job* job : courier.jobs) {
    if (auto report = job->give_back(not_tried(k_stopping))) reports.push_back(std::move(*report));
  }
  for (api::ReportRequest& report : reports) {
    static_cast<void>(co_await send_report(courier, std::move(report)));
  }
}

}  // namespace

void give_back_leases(Courier& courier, std::chrono::milliseconds grace) {
  courier.slots.close();
  courier.worker.gate().spawn(give_back_late(courier, grace));
}

void start_leases(Courier& courier, std::uint32_t count) {
  courier.worker.gate().spawn(start(courier, count));
}

}  // namespace peregrine::courier
