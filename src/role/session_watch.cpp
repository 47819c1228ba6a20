#include "role/session_watch.h"

namespace peregrine::role {
namespace {

constexpr std::chrono::seconds k_core_time{10};

}  // namespace

net::Task<void> SessionWatch::listen(std::uint64_t session) {
  api::WatchRequest request;
  request.set_session(session);
  auto changes = api::watch(worker_.core(), request);
  stream_ = &changes;
  auto item = co_await changes.next(Deadline::max());
  // What changes is not looked at: the end alone counts.
  while (item && *item && !is_closing_) item = co_await changes.next(Deadline::max());
  stream_ = nullptr;
  // When core has gone the next command says so.
  if (is_closing_ || !item) co_return;
  is_revoked_ = true;
  client_.interrupt();
}

net::Task<void> SessionWatch::end() {
  is_closing_ = true;
  if (stream_ != nullptr) stream_->interrupt();
  if (running_.running() == 0) co_return;
  static_cast<void>(co_await running_.drained(deadline_in(k_core_time)));
}

}  // namespace peregrine::role
