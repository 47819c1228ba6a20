#include "core/durability.h"

#include <mutex>

namespace peregrine::core {

/// Where the store's thread posts to, until the end of Durability takes it away.
struct Durability::Line {
  std::mutex mutex;
  net::Loop* loop = nullptr;
};

Durability::Durability(net::Loop& loop, store::Store& store,
                       std::function<void(store::Sequence)> advanced, std::function<void()> failed)
    : loop_(loop),
      store_(store),
      advanced_(std::move(advanced)),
      failed_(std::move(failed)),
      line_(std::make_shared<Line>()) {
  line_->loop = &loop_;
  store_.on_durable([this, line = line_](std::expected<store::Sequence, store::StoreError> news) {
    std::lock_guard lock(line->mutex);
    if (line->loop == nullptr) return;
    line->loop->post([this, news] {
      if (news) {
        advance(*news);
      } else {
        failed_();
      }
    });
  });
}

Durability::~Durability() {
  store_.on_durable({});
  std::lock_guard lock(line_->mutex);
  line_->loop = nullptr;
}

void Durability::advance(store::Sequence durable) {
  while (!waiting_.empty() && waiting_.begin()->first <= durable) {
    net::Waiter* waiter = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    waiter->finish(net::WaitResult::ready);
  }
  advanced_(durable);
}

}  // namespace peregrine::core
