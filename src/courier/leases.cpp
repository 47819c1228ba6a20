#include "courier/leases.h"

#include "courier/job.h"
#include "courier/notify.h"

namespace peregrine::courier {
namespace {

using Lease = std::optional<api::LeaseResponse>;

constexpr std::chrono::seconds k_wait{30};
constexpr std::chrono::seconds k_call_time{60};
constexpr std::uint32_t k_messages_a_lease = 20;

net::Task<Lease> ask(Courier& courier) {
  api::LeaseRequest request;
  request.set_wait_milliseconds(
      static_cast<std::uint32_t>(std::chrono::milliseconds(k_wait).count()));
  request.set_most_messages(k_messages_a_lease);
  Deadline start = Monotonic::now();
  auto lease = co_await api::lease(courier.worker.core(), request, deadline_in(k_call_time));
  if (lease && lease->lease() != 0) co_return std::move(*lease);
  // Core is away, or answers "nothing" without a wait: not again at once.
  if (Monotonic::now() - start < courier.core_pause) {
    co_await net::sleep_until(courier.worker.loop(), deadline_in(courier.core_pause));
  }
  co_return std::nullopt;
}

/// In the gate of sessions, so that the end of the process waits for it.
net::Task<void> work(Courier& courier, api::LeaseResponse lease, Lease& next, net::Event& done) {
  courier.worker.count_served();
  if (lease.kind() == api::LEASE_NOTIFY) {
    co_await run_notices(courier, std::move(lease));
  } else {
    Job job(courier, std::move(lease));
    next = co_await job.run();
  }
  done.notify();
}

/// A lease that came when nothing is sent any more.
net::Task<void> decline(Courier& courier, api::LeaseResponse lease) {
  if (lease.kind() != api::LEASE_SEND) co_return;
  Job job(courier, std::move(lease));
  api::ReportRequest report = job.give_back();
  static_cast<void>(co_await send_report(courier, std::move(report)));
}

net::Task<void> lease_loop(Courier& courier) {
  net::Event done(courier.worker.loop());
  Lease next;
  while (next || !courier.worker.is_stopping()) {
    if (!next) next = co_await ask(courier);
    if (!next) continue;
    api::LeaseResponse lease = std::move(*next);
    next.reset();
    if (courier.worker.is_stopping()) {
      co_await decline(courier, std::move(lease));
      co_return;
    }
    courier.worker.sessions().spawn(work(courier, std::move(lease), next, done));
    // Each step of a job has a deadline.
    static_cast<void>(co_await done.wait(Deadline::max()));
  }
}

net::Task<void> give_back_late(Courier& courier, std::chrono::milliseconds grace) {
  co_await net::sleep_until(courier.worker.loop(), deadline_in(grace / 2));
  std::vector<api::ReportRequest> reports;
  for (Job* job : courier.jobs) reports.push_back(job->give_back());
  for (api::ReportRequest& report : reports) {
    static_cast<void>(co_await send_report(courier, std::move(report)));
  }
}

}  // namespace

void give_back_leases(Courier& courier, std::chrono::milliseconds grace) {
  courier.worker.gate().spawn(give_back_late(courier, grace));
}

void start_leases(Courier& courier, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) courier.worker.gate().spawn(lease_loop(courier));
}

}  // namespace peregrine::courier
